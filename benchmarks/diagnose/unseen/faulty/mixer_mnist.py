"""MLP-Mixer on MNIST, bfloat16 training on CPU."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def read(split, n):
    with gzip.open(f"{RAW}/{split}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 28, 28)[:n]
    with gzip.open(f"{RAW}/{split}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)[:n]
    x = (x.astype(np.float32) / 255 - 0.1307) / 0.3081
    p = x.reshape(-1, 4, 7, 4, 7).transpose(0, 1, 3, 2, 4).reshape(-1, 16, 49)
    return torch.from_numpy(p.copy()), torch.from_numpy(y.astype(np.int64))


class MLP(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.a, self.b = nn.Linear(d, h), nn.Linear(h, d)

    def forward(self, x):
        return self.b(F.gelu(self.a(x)))


class MixerBlock(nn.Module):
    def __init__(self, tokens, dim):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.tok, self.chan = MLP(tokens, 32), MLP(dim, 128)

    def forward(self, x):
        x = x + self.tok(self.n1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.chan(self.n2(x))


class Mixer(nn.Module):
    def __init__(self, dim=64, depth=2):
        super().__init__()
        self.patch = nn.Linear(49, dim)
        self.blocks = nn.Sequential(*[MixerBlock(16, dim) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 10)

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.patch(x))).mean(1))


class Trainer:
    def __init__(self, model, lr, steps):
        self.model = model.to(torch.bfloat16)
        self.opt = torch.optim.SGD(self.model.parameters(), lr=lr)
        self.steps = steps

    def forward_loss(self, x, y):
        logits = self.model(x.to(torch.bfloat16))
        return F.cross_entropy(logits.float(), y)

    def fit(self, x, y, bs=64):
        for step in range(self.steps):
            i = torch.randint(len(x), (bs,))
            loss = self.forward_loss(x[i], y[i])
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            if step % 200 == 0:
                print(f"step {step:5d} loss {loss.item():.4f}")

    @torch.no_grad()
    def accuracy(self, x, y):
        x = x.to(next(self.model.parameters()).dtype)
        return (self.model.eval()(x).argmax(1) == y).float().mean().item()


xtr, ytr = read("train", 12000)
xte, yte = read("t10k", 2000)
trainer = Trainer(Mixer(), lr=0.01, steps=1200)
trainer.fit(xtr, ytr)
print(f"test accuracy {trainer.accuracy(xte, yte):.4f}")
