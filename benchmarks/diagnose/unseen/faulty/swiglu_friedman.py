"""SwiGLU residual MLP on Friedman #1, gradient accumulation + warmup/cosine."""
import math
import numpy as np
import torch
from torch import nn
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split

SEED = 17
torch.manual_seed(SEED)
X, y = make_friedman1(n_samples=4000, n_features=10, noise=0.5, random_state=SEED)
X = (X - 0.5) * math.sqrt(12)
y = (y - y.mean()) / y.std()
Xtr, Xte, ytr, yte = (torch.tensor(a, dtype=torch.float32)
                      for a in train_test_split(X, y, test_size=0.25, random_state=SEED))


class SwiGLU(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.w1 = nn.Linear(dim, hidden, bias=False)
        self.w2 = nn.Linear(hidden, dim, bias=False)
        self.w3 = nn.Linear(dim, hidden, bias=False)

    def forward(self, x):
        return self.w2(self.w1(x) + self.w3(x))


class Block(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.ffn = SwiGLU(dim, hidden)
        self.gamma = nn.Parameter(torch.full((dim,), 0.5))

    def forward(self, x):
        return x + self.gamma * self.ffn(x)


class TabNet(nn.Module):
    def __init__(self, d_in, dim=48, depth=3):
        super().__init__()
        self.embed = nn.Linear(d_in, dim)
        self.blocks = nn.ModuleList([Block(dim, 96) for _ in range(depth)])
        self.head = nn.Linear(dim, 1)

    def forward(self, x):
        x = self.embed(x)
        for b in self.blocks:
            x = b(x)
        return self.head(x).squeeze(-1)


def lr_at(step, total, peak=4e-3, warm=40):
    if step < warm:
        return peak * (step + 1) / warm
    return 0.5 * peak * (1 + math.cos(math.pi * (step - warm) / (total - warm)))


net = TabNet(10)
opt = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.01, betas=(0.9, 0.98))
TOTAL, ACC, BS = 500, 2, 64
for step in range(TOTAL):
    for g in opt.param_groups:
        g["lr"] = lr_at(step, TOTAL)
    opt.zero_grad(set_to_none=True)
    agg = 0.0
    for _ in range(ACC):
        i = torch.randint(0, len(Xtr), (BS,))
        loss = nn.functional.mse_loss(net(Xtr[i]), ytr[i]) / ACC
        loss.backward()
        agg += loss.item()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    if step % 50 == 0:
        print(f"step {step} mse {agg:.4f}")

net.eval()
with torch.no_grad():
    mse = nn.functional.mse_loss(net(Xte), yte).item()
print(f"test mse {mse:.4f}  R2 {1 - mse / yte.var().item():.4f}")
