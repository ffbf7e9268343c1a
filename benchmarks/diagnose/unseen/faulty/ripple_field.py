import math, time
import torch
from torch import nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(2)


class Field(nn.Module):
    # (x, y) -> height
    def __init__(self, width=96):
        super().__init__()
        self.inp = nn.Linear(2, width)
        self.mid = nn.ModuleList(nn.Linear(width, width) for _ in range(3))
        self.norm = nn.ModuleList(nn.Identity() for _ in range(3))
        self.out = nn.Linear(width, 1)

    def forward(self, p):
        h = self.inp(p)
        F.mish(h)
        for lin, norm in zip(self.mid, self.norm):
            h = norm(lin(h))
            F.mish(h)
        return self.out(h)


def height(p):
    x, y = p[:, :1], p[:, 1:]
    return torch.sin(3 * x) * torch.cos(2 * y) + 0.3 * x


f = Field()
opt = torch.optim.NAdam(f.parameters(), lr=1e-3)
sch = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 1500)
grid = torch.cartesian_prod(torch.linspace(-2, 2, 50), torch.linspace(-2, 2, 50))
truth = height(grid)
t0 = time.time()
for k in range(1500):
    p = torch.rand(256, 2) * 4 - 2
    loss = F.mse_loss(f(p), height(p))
    opt.zero_grad()
    loss.backward()
    opt.step()
    sch.step()
    if (k + 1) % 300 == 0:
        with torch.no_grad():
            r2 = 1 - F.mse_loss(f(grid), truth) / truth.var()
        print(f"{k + 1} loss {loss:.4f} r2 {r2:.4f}")
print(f"final r2 {r2:.4f}")
