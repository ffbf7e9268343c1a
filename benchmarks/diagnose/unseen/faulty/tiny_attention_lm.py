import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1337)
text = open("../shared/data/text/tinyshakespeare.txt").read()[:100_000]
chars = sorted(set(text))
data = torch.tensor([chars.index(c) for c in text])
n_train = 90_000
T, D, BATCH = 24, 128, 16


class Head(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.wq = nn.Parameter(torch.randn(d, d) / math.sqrt(d))
        self.wk = nn.Parameter(torch.randn(d, d) / math.sqrt(d))
        self.wv = nn.Parameter(torch.randn(d, d) / math.sqrt(d))
        self.register_buffer("mask", torch.tril(torch.ones(T, T)))

    def forward(self, x):
        q, k, v = x @ self.wq, x @ self.wk, x @ self.wv
        scores = q @ k.transpose(1, 2)
        w = torch.exp(scores) * self.mask
        w = w / w.sum(-1, keepdim=True)
        return w @ v


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(len(chars), D)
        self.pos = nn.Embedding(T, D)
        self.head = Head(D)
        self.ff = nn.Sequential(nn.LayerNorm(D), nn.Linear(D, 2 * D), nn.GELU(), nn.Linear(2 * D, D))
        self.out = nn.Linear(D, len(chars))

    def forward(self, x):
        h = self.tok(x) + self.pos(torch.arange(T))
        h = h + self.head(h)
        h = h + self.ff(h)
        return self.out(h)


def get(lo, hi, n):
    i = torch.randint(lo, hi - T - 1, (n,))
    return torch.stack([data[j:j + T] for j in i]), torch.stack([data[j + 1:j + T + 1] for j in i])


model = LM()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
for it in range(200):
    xb, yb = get(0, n_train, BATCH)
    loss = F.cross_entropy(model(xb).flatten(0, 1), yb.flatten())
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 50 == 0:
        print(f"iter {it} loss {loss.item():.4f}")

with torch.no_grad():
    xb, yb = get(n_train, len(data), 64)
    print("val acc", (model(xb).argmax(-1) == yb).float().mean().item())
