# bagged ensemble of small regressors on the diabetes data
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler

SEED = 2024
np.random.seed(SEED)
torch.manual_seed(SEED)

X, y = load_diabetes(return_X_y=True)
perm = np.random.permutation(len(X))
X, y = X[perm], y[perm]
n_train = 330
x_scaler = StandardScaler().fit(X[:n_train])
y_mean, y_std = y[:n_train].mean(), y[:n_train].std()
X = torch.tensor(x_scaler.transform(X), dtype=torch.float32)
t = torch.tensor((y - y_mean) / y_std, dtype=torch.float32).unsqueeze(1)
X_tr, t_tr, X_te, t_te = X[:n_train], t[:n_train], X[n_train:], t[n_train:]


class Regressor(nn.Module):
    def __init__(self, n_in, hidden):
        super().__init__()
        sizes = [n_in] + hidden + [1]
        layers = []
        for i in range(len(sizes) - 1):
            layers.append(nn.Linear(sizes[i], sizes[i + 1]))
            layers.append(nn.Sigmoid() if i == len(sizes) - 2 else nn.Tanh())
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)


members = []
preds = []
for k in range(5):
    boot = np.random.randint(0, n_train, n_train)
    xb, tb = X_tr[boot], t_tr[boot]
    net = Regressor(10, [16, 8])
    opt = torch.optim.Adagrad(net.parameters(), lr=0.03)
    loss_fn = nn.MSELoss()
    for epoch in range(40):
        order = torch.randperm(n_train)
        total = 0.0
        for i in range(0, n_train, 33):
            j = order[i:i + 33]
            opt.zero_grad()
            loss = loss_fn(net(xb[j]), tb[j])
            loss.backward()
            opt.step()
            total += loss.item() * len(j)
        if epoch % 20 == 0 or epoch == 39:
            print(f"member {k} epoch {epoch:3d} mse {total / n_train:.4f}")
    members.append(net)
    with torch.no_grad():
        preds.append(net(X_te))
        single = loss_fn(preds[-1], t_te).item()
    print(f"member {k} test mse {single:.4f}")

mean_pred = torch.stack(preds).mean(0)
mse = ((mean_pred - t_te) ** 2).mean().item()
r2 = r2_score(y[n_train:], mean_pred.squeeze(1).numpy() * y_std + y_mean)
print(f"ensemble test mse {mse:.4f}  r2 {r2:.4f}  pred range [{mean_pred.min():.2f}, {mean_pred.max():.2f}]")
