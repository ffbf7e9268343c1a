"""Switch-style mixture of experts (Fedus et al. 2021), top-1 routing, on digits."""
from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


@dataclass
class Cfg:
    experts: int = 6
    dim: int = 48
    hidden: int = 32
    aux: float = 0.02
    lr: float = 2e-3
    steps: int = 500
    batch: int = 96


cfg = Cfg()
torch.manual_seed(12)
ds = load_digits()
X = torch.tensor(ds.data / 16.0, dtype=torch.float32)
y = torch.tensor(ds.target)
p = torch.randperm(len(y))
X, y = X[p], y[p]
Xtr, ytr, Xte, yte = X[:1300], y[:1300], X[1300:], y[1300:]


class Expert(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.up, self.down = nn.Linear(d, h), nn.Linear(h, d)

    def forward(self, x):
        return self.down(F.relu(self.up(x)))


class SwitchFFN(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.router = nn.Linear(c.dim, c.experts, bias=False)
        self.experts = nn.ModuleList(Expert(c.dim, c.hidden) for _ in range(c.experts))
        self.last_aux = torch.zeros(())

    def forward(self, x):
        probs = self.router(x).softmax(-1)
        gate, idx = probs.max(-1)
        out = torch.zeros_like(x)
        for e, expert in enumerate(self.experts):
            rows = (idx == e).nonzero().squeeze(-1)
            if len(rows):
                out = out.index_add(0, rows, gate[rows, None] * expert(x[rows]))
        frac = F.one_hot(idx, len(self.experts)).float().mean(0)
        self.last_aux = len(self.experts) * (frac * probs.mean(0)).sum()
        self.load = frac
        return out


class Net(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.inp = nn.Linear(64, c.dim)
        self.n1, self.moe1 = nn.LayerNorm(c.dim), SwitchFFN(c)
        self.n2, self.moe2 = nn.LayerNorm(c.dim), SwitchFFN(c)
        self.out = nn.Linear(c.dim, 10)

    def forward(self, x):
        h = self.inp(x)
        h = h + self.moe1(self.n1(h))
        h = h + self.moe2(self.n2(h))
        return self.out(h), self.moe1.last_aux + self.moe2.last_aux


net = Net(cfg)
opt = torch.optim.AdamW(net.parameters(), lr=cfg.lr, weight_decay=0.01)
for step in range(cfg.steps):
    i = torch.randint(0, len(Xtr), (cfg.batch,))
    logits, aux = net(Xtr[i])
    loss = F.cross_entropy(logits, ytr[i]) + cfg.aux * aux
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    if step % 100 == 0:
        load = " ".join(f"{v:.2f}" for v in net.moe1.load.tolist())
        print(f"step {step} loss {loss.item():.4f} load [{load}]")

net.eval()
with torch.no_grad():
    acc = (net(Xte)[0].argmax(1) == yte).float().mean()
print(f"test acc {acc:.4f}")
