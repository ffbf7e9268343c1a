"""8x8 digits with a tall tower of equal layers kept in one (L, H, H) tensor."""
import argparse
import math
import os

import torch
from sklearn.datasets import load_digits

torch.set_num_threads(1)
ap = argparse.ArgumentParser()
ap.add_argument("--layers", type=int, default=10)
ap.add_argument("--hidden", type=int, default=64)
ap.add_argument("--lr", type=float, default=0.03)
ap.add_argument("--epochs", type=int, default=40)
ap.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = ap.parse_args()
torch.manual_seed(args.seed)


def act(x):
    return 1 / (1 + torch.exp(-x))


class Tower(torch.nn.Module):
    def __init__(self, d, h, layers, classes):
        super().__init__()
        P = torch.nn.Parameter
        self.inp = P(torch.randn(d, h) * math.sqrt(2 / d))
        self.body = P(torch.randn(layers, h, h) * math.sqrt(2 / h))
        self.bias = P(torch.zeros(layers, h))
        self.out = P(torch.randn(h, classes) * math.sqrt(1 / h))
        self.out_bias = P(torch.zeros(classes))

    def forward(self, x):
        h = act(x @ self.inp)
        for w, b in zip(self.body, self.bias):
            h = act(h @ w + b)
        return h @ self.out + self.out_bias


def nll(logits, y):
    logp = logits - torch.logsumexp(logits, 1, keepdim=True)
    return -logp[torch.arange(len(y)), y].mean()


digits = load_digits()
X = torch.tensor(digits.data, dtype=torch.float32) / 16
X = (X - X.mean()) / X.std()
Y = torch.tensor(digits.target)
perm = torch.randperm(len(X), generator=torch.Generator().manual_seed(args.seed))
tr, te = perm[:1400], perm[1400:]

model = Tower(64, args.hidden, args.layers, 10)
opt = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
for epoch in range(args.epochs):
    order = tr[torch.randperm(len(tr))]
    total = 0.0
    for b in order.split(64):
        loss = nll(model(X[b]), Y[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(b)
    if epoch % 5 == 0:
        print(f"epoch {epoch:2d} loss {total / len(tr):.4f}")

with torch.no_grad():
    acc = (model(X[te]).argmax(1) == Y[te]).float().mean().item()
print(f"accuracy {acc:.4f}")
