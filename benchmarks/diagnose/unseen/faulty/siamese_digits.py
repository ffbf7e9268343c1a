import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(0)
digits = load_digits()
X = torch.tensor(digits.data / 16.0, dtype=torch.float32)
y = torch.tensor(digits.target)
X_train, y_train, X_test, y_test = X[:1300], y[:1300], X[1300:], y[1300:]


class Encoder(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, dim))

    def forward(self, x):
        return self.net(x)


def euclidean(a, b):
    return torch.sqrt(((a - b) ** 2).sum(dim=1))


def contrastive(d, same, margin=2.0):
    return (same * d ** 2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def pairs(n):
    i = torch.randint(0, len(X_train), (n,))
    j = torch.randint(0, len(X_train), (n,))
    pos = torch.rand(n) < 0.5
    for k in torch.nonzero(pos).flatten().tolist():
        pool = torch.nonzero(y_train == y_train[i[k]]).flatten()
        j[k] = pool[torch.randint(0, len(pool), (1,))]
    return X_train[i], X_train[j], (y_train[i] == y_train[j]).float()


enc = Encoder()
opt = torch.optim.Adam(enc.parameters(), lr=2e-3)
for step in range(200):
    a, b, same = pairs(64)
    loss = contrastive(euclidean(enc(a), enc(b)), same)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 40 == 0:
        print(step, loss.item())

with torch.no_grad():
    ref, query = enc(X_train), enc(X_test)
    nearest = torch.cdist(query, ref).argmin(1)
    print("1-nn accuracy", (y_train[nearest] == y_test).float().mean().item())
