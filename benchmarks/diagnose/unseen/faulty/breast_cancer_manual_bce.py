import torch
from torch import nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
X, y = load_breast_cancer(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.25, random_state=3)
mu, sd = Xtr.mean(0), Xtr.std(0)
to = lambda a: torch.tensor(a, dtype=torch.float32)
Xtr, Xte, ytr, yte = to((Xtr - mu) / sd), to((Xte - mu) / sd), to(ytr), to(yte)

model = nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(model.parameters(), lr=0.01)


def bce(p, t):
    return -(t * torch.log(p) + (1 - t) * torch.log(1 - p)).mean()


for epoch in range(40):
    order = torch.randperm(len(Xtr))
    for i in range(0, len(order), 64):
        b = order[i:i + 64]
        p = torch.sigmoid(model(Xtr[b])).squeeze(1)
        loss = bce(p, ytr[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "loss", loss.item())
with torch.no_grad():
    p = torch.sigmoid(model(Xte)).squeeze(1)
    print("test accuracy", ((p > 0.5).float() == yte).float().mean().item())
