"""Discrete auto-encoder for the 8x8 digits: 8 slots, each picks one of 16 code words."""
import math
import os
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
SLOTS, WORDS, DIM, HID = 8, 16, 4, 96


class PickNearest(torch.autograd.Function):
    """Replace every vector by its nearest code word; hand the gradient on unchanged."""

    @staticmethod
    def forward(ctx, z, book):
        d = (z.unsqueeze(2) - book.unsqueeze(0)).pow(2).sum(-1)     # batch, slots, words
        idx = d.argmin(-1)
        ctx.mark_non_differentiable(idx)
        return book[torch.arange(SLOTS), idx], idx

    @staticmethod
    def backward(ctx, grad, _):
        return grad, None


def swish(x):
    return x * torch.sigmoid(1.7 * x)


class AutoEncoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        def mat(i, o, gain=2.0):
            return torch.nn.Parameter(torch.randn(i, o) * math.sqrt(gain / i))
        self.e1, self.e2 = mat(64, HID), mat(HID, SLOTS * DIM, 1.0)
        self.d1, self.d2 = mat(SLOTS * DIM, HID), mat(HID, 64, 1.0)
        self.eb, self.db = torch.nn.Parameter(torch.zeros(HID)), torch.nn.Parameter(torch.zeros(HID))
        self.ob = torch.nn.Parameter(torch.zeros(64))
        self.book = torch.nn.Parameter(torch.zeros(SLOTS, WORDS, DIM))

    def encode(self, x):
        return (swish(x @ self.e1 + self.eb) @ self.e2).view(-1, SLOTS, DIM)

    def forward(self, x):
        z = self.encode(x)
        q, idx = PickNearest.apply(z, self.book)
        words = self.book[torch.arange(SLOTS), idx]
        pull = (words - z.detach()).pow(2).mean() + 0.25 * (z - words.detach()).pow(2).mean()
        rec = swish(q.flatten(1) @ self.d1 + self.db) @ self.d2 + self.ob
        return rec, pull, idx


X = torch.tensor(load_digits().data, dtype=torch.float32) / 8 - 1
X = X[torch.randperm(len(X))]
train, test = X[:1400], X[1400:]
net = AutoEncoder()
with torch.no_grad():                       # start the book on encodings of real data
    z = net.encode(train)
    for s in range(SLOTS):
        net.book[s] = z[torch.randperm(len(z))[:WORDS], s]

opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for step in range(1500):
    x = train[torch.randint(0, len(train), (64,))]
    rec, pull, _ = net(x)
    loss = (rec - x).pow(2).mean() + pull
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 300 == 0:
        print(f"{step} {loss.item():.4f}")

with torch.no_grad():
    rec, _, idx = net(test)
    used = sum(len(idx[:, s].unique()) for s in range(SLOTS)) / (SLOTS * WORDS)
    mse = (rec - test).pow(2).mean().item()
    base = (train.mean(0) - test).pow(2).mean().item()
print(f"code words in use {used:.2f}  reconstruction mse {mse:.4f}  mean-image mse {base:.4f}")
