"""Top-2 mixture of experts on a piecewise task; small load-balancing term."""
import torch
from torch import nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(10)


class Expert(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.up = nn.Linear(d, h)
        self.down = nn.Linear(h, 1)

    def forward(self, x):
        return self.down(F.relu(self.up(x)))


class MoE(nn.Module):
    def __init__(self, d=8, experts=8, h=32, k=2):
        super().__init__()
        self.k = k
        self.gate = nn.Linear(d, experts)
        self.experts = nn.ModuleList(Expert(d, h) for _ in range(experts))

    def forward(self, x):
        scores = self.gate(x)
        if self.training:
            scores = scores + 0.5 * torch.randn_like(scores)
        top, idx = scores.topk(self.k, dim=-1)
        w = torch.zeros_like(scores).scatter(-1, idx, top.softmax(-1))
        out = x.new_zeros(len(x))
        for e, expert in enumerate(self.experts):
            rows = (w[:, e] > 0).nonzero()[:, 0]
            if len(rows):
                out = out.index_add(0, rows, w[rows, e] * expert(x[rows])[:, 0])
        importance = scores.softmax(-1).mean(0)
        return out, (importance * importance).sum() * len(importance)


g = torch.Generator().manual_seed(10)
C = torch.randn(6, 8, generator=g) * 2
W = torch.randn(6, 8, generator=g)
freq = torch.tensor([0.45, 0.3, 0.15, 0.06, 0.03, 0.01])


def batch(n):
    c = torch.multinomial(freq, n, replacement=True, generator=g)
    x = C[c] + 0.6 * torch.randn(n, 8, generator=g)
    return x, ((x - C[c]) * W[c]).sum(1).abs() + 0.3 * c


m = MoE()
opt = torch.optim.AdamW(m.parameters(), lr=3e-3)
vx, vy = batch(2000)
for it in range(1, 1501):
    m.train()
    x, y = batch(128)
    p, aux = m(x)
    loss = F.mse_loss(p, y) + 0.01 * aux
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 250 == 0:
        m.eval()
        with torch.no_grad():
            p, _ = m(vx)
        print(it, f"loss {loss.item():.4f} val_mse {F.mse_loss(p, vy).item():.4f} baseline {vy.var().item():.4f}")
print(f"final val_mse {F.mse_loss(p, vy).item():.4f} baseline {vy.var().item():.4f}")
