import torch
from torch import nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(1)
DEPTH, WIDTH = 8, 64

X, y = load_digits(return_X_y=True)
X = (X - X.mean()) / X.std()
X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.2, random_state=0)
X_tr, X_te = torch.tensor(X_tr).float(), torch.tensor(X_te).float()
y_tr, y_te = torch.tensor(y_tr), torch.tensor(y_te)

layers = [nn.Linear(64, WIDTH), nn.Sigmoid()]
for _ in range(DEPTH - 1):
    layers.append(nn.Linear(WIDTH, WIDTH))
    layers.append(nn.Sigmoid())
layers.append(nn.Linear(WIDTH, 10))
model = nn.Sequential(*layers)

opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
sched = torch.optim.lr_scheduler.StepLR(opt, 15, 0.5)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(22):
    order = torch.randperm(len(X_tr))
    for b in order.split(64):
        opt.zero_grad(set_to_none=True)
        loss = loss_fn(model(X_tr[b]), y_tr[b])
        loss.backward()
        opt.step()
    sched.step()
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "loss", float(loss))

model.eval()
with torch.no_grad():
    acc = (model(X_te).argmax(-1) == y_te).double().mean()
print("test accuracy", float(acc))
