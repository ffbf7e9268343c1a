import torch
import torch.nn as nn
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
X, y = load_wine(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
Xtr, Xte = torch.tensor(Xtr).float(), torch.tensor(Xte).float()
ytr, yte = torch.tensor(ytr), torch.tensor(yte)

model = nn.Sequential()
model.add_module("hidden", nn.Linear(13, 24))
model.add_module("act1", nn.Sigmoid())
model.add_module("hidden2", nn.Linear(24, 12))
model.add_module("act2", nn.Sigmoid())
model.add_module("out", nn.Linear(12, 3))

opt = torch.optim.LBFGS(model.parameters(), lr=0.2, max_iter=4)
ce = nn.CrossEntropyLoss()


def closure():
    opt.zero_grad()
    loss = ce(model(Xtr), ytr)
    loss.backward()
    return loss


for it in range(100):
    loss = opt.step(closure)
    if it % 20 == 0:
        print("iter", it, "loss", float(loss))

with torch.no_grad():
    acc = (model(Xte).argmax(1) == yte).float().mean()
print("test accuracy", float(acc))
