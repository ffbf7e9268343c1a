# Predicting how much a customer will spend per month (toy data set from my blog series, part 2)
import os
import numpy as np
import torch
from torch import nn, optim
from sklearn.model_selection import train_test_split

torch.set_num_threads(1)
seed = int(os.environ.get('SEED', 0))
np.random.seed(seed)
torch.manual_seed(seed)

N = 4000
age = np.random.uniform(18, 80, N)
children = np.random.poisson(1.2, N).astype(float)
tenure = np.random.exponential(4, N)
online = np.random.rand(N)
income = np.random.lognormal(10.6, 0.4, N)

z_age = (age - 49) / 18
z_inc = (np.log(income) - 10.6) / 0.4
spend = 2 * np.sin(2 * z_age) + z_inc + 1.5 * z_age * online + 0.6 * children - 0.2 * tenure
spend = spend + 0.2 * np.random.randn(N)
spend = (spend - spend.mean()) / spend.std()


def scale(col):
    return (col - col.mean()) / col.std()


columns = {
    'age': scale(age),
    'children': scale(children),
    'tenure': scale(tenure),
    'online': scale(online),
    'income': income,
}
X = np.stack(list(columns.values()), axis=1).astype(np.float32)
y = spend.astype(np.float32)[:, None]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=seed)
X_train, X_test, y_train, y_test = map(torch.from_numpy, (X_train, X_test, y_train, y_test))


class SpendNet(nn.Module):
    def __init__(self, n_in, n_hidden=48):
        super().__init__()
        self.input = nn.Linear(n_in, n_hidden)
        self.hidden = nn.Linear(n_hidden, n_hidden)
        self.output = nn.Linear(n_hidden, 1)

    def forward(self, x):
        x = torch.tanh(self.input(x))
        x = torch.tanh(self.hidden(x))
        return self.output(x)


net = SpendNet(X.shape[1])
criterion = nn.MSELoss()
optimizer = optim.Adam(net.parameters(), lr=0.005)

for epoch in range(30):
    order = torch.randperm(len(X_train))
    total = 0
    for i in range(0, len(order), 100):
        idx = order[i:i + 100]
        optimizer.zero_grad()
        loss = criterion(net(X_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    if epoch % 5 == 4:
        print('Epoch %d  train mse %.4f' % (epoch + 1, total / len(order)))

with torch.no_grad():
    pred = net(X_test)
r2 = 1 - ((pred - y_test) ** 2).sum() / ((y_test - y_test.mean()) ** 2).sum()
print('Test R2: %.4f' % r2.item())
