# digits straight from the csv (0..16 grey levels), BatchNorm first, log_softmax at the end
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(12)
d = load_digits()
X_tr, X_te, y_tr, y_te = train_test_split(d.data, d.target, test_size=0.3, random_state=12, stratify=d.target)
majority = max((y_te == c).mean() for c in range(10))
print("pixel range", X_tr.min(), X_tr.max(), "majority acc", round(majority, 3))
X_tr = torch.tensor(X_tr, dtype=torch.float32)
X_te = torch.tensor(X_te, dtype=torch.float32)
y_tr = torch.tensor(y_tr)
y_te = torch.tensor(y_te)


class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn_in = nn.BatchNorm1d(64)
        self.l1 = nn.Linear(64, 64)
        self.l2 = nn.Linear(64, 64)
        self.l3 = nn.Linear(64, 10)
        self.act = Swish()
        nn.init.zeros_(self.l3.weight)

    def forward(self, x):
        x = self.bn_in(x)
        x = self.act(self.l1(x))
        x = self.act(self.l2(x))
        return F.log_softmax(self.l3(x), dim=-1)


net = Net()
opt = torch.optim.SGD(net.parameters(), lr=1.0)
nll = nn.NLLLoss()
for epoch in range(25):
    net.train()
    perm = torch.randperm(len(X_tr))
    total = 0.0
    for i in range(0, len(perm) - 63, 64):
        b = perm[i:i + 64]
        loss = nll(net(X_tr[b]), y_tr[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    for g in opt.param_groups:
        g["lr"] *= 0.9
    if epoch % 4 == 0:
        net.eval()
        with torch.no_grad():
            out = net(X_te)
        acc = (out.exp().argmax(1) == y_te).float().mean().item()
        print(f"epoch {epoch} train {total / (len(perm) // 64):.4f} test {nll(out, y_te).item():.4f} acc {acc:.4f}")

net.eval()
with torch.no_grad():
    acc = (net(X_te).argmax(1) == y_te).float().mean().item()
print("test acc", round(acc, 4))
