import torch
from torch import nn
from sklearn.datasets import make_moons


class ResBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.a = nn.Linear(dim, dim)
        self.b = nn.Linear(dim, dim)
        nn.init.kaiming_normal_(self.a.weight, nonlinearity="relu")
        nn.init.kaiming_normal_(self.b.weight, nonlinearity="relu")

    def forward(self, x):
        return x + self.b(torch.relu(self.a(x)))


class Net(nn.Module):
    def __init__(self, dim=32, n_blocks=24):
        super().__init__()
        self.inp = nn.Linear(2, dim)
        self.trunk = nn.Sequential(*[ResBlock(dim) for _ in range(n_blocks)])
        self.out = nn.Linear(dim, 1)

    def forward(self, x):
        return self.out(self.trunk(self.inp(x))).squeeze(1)


torch.manual_seed(2)
X, y = make_moons(1200, noise=0.15, random_state=2)
X = torch.tensor(X, dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32)
model = Net()
opt = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
lossf = nn.BCEWithLogitsLoss()
for step in range(150):
    k = torch.randperm(1000)[:64]
    loss = lossf(model(X[k]), y[k])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 25 == 24:
        print(f"{step+1:4d} {loss.item():.5g}")
with torch.no_grad():
    logits = model(X[1000:])
    print("test loss", lossf(logits, y[1000:]).item(), "acc", ((logits > 0) == (y[1000:] > 0.5)).float().mean().item())
