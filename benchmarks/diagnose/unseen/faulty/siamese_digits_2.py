# Siamese embedding of 8x8 digits with a contrastive loss
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(0)
data = load_digits()
X = torch.tensor(data.data, dtype=torch.float32) / 16
y = torch.tensor(data.target)
Xtr, ytr, Xte, yte = X[:1400], y[:1400], X[1400:], y[1400:]


class Embed(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 16))

    def forward(self, x):
        return self.f(x)


def distance(a, b):
    return ((a - b) ** 2).sum(1).sqrt()


def sample(n):
    i = torch.randint(0, len(Xtr), (n,))
    j = torch.randint(0, len(Xtr), (n,))
    for k in range(n // 2):  # half of the pairs share a class
        same = (ytr == ytr[i[k]]).nonzero().flatten()
        j[k] = same[torch.randint(0, len(same), (1,))]
    return Xtr[i], Xtr[j], (ytr[i] == ytr[j]).float()


net = Embed()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for step in range(200):
    a, b, same = sample(64)
    d = distance(net(a), net(b))
    loss = (same * d ** 2 + (1 - same) * (2.0 - d).clamp(min=0) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(f"step {step:4d}  contrastive {loss.item():.4f}")

with torch.no_grad():
    nearest = torch.cdist(net(Xte), net(Xtr)).argmin(1)
print("1-nn accuracy", (ytr[nearest] == yte).float().mean().item())
