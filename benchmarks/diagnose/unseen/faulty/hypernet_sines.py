"""Hypernetwork (Ha et al. 2016): task code -> weights of a small regressor, batched with vmap."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import vmap

torch.manual_seed(13)
D_CODE, WIDTH = 2, 24


def sample_tasks(n, pts):
    amp = torch.rand(n, 1) * 1.5 + 0.5
    phase = torch.rand(n, 1) * 2 * math.pi
    x = torch.rand(n, pts) * 6 - 3
    y = amp * torch.sin(x + phase)
    code = torch.cat([amp * phase.cos(), amp * phase.sin()], 1)
    return code, x.unsqueeze(-1), y.unsqueeze(-1)


class HyperNet(nn.Module):
    SHAPES = [(WIDTH, 1), (WIDTH,), (WIDTH, WIDTH), (WIDTH,)]

    def __init__(self, hidden=64):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(D_CODE, hidden), nn.Softplus(), nn.Linear(hidden, hidden), nn.Softplus())
        self.n_out = sum(math.prod(s) for s in self.SHAPES)
        self.emit = nn.Linear(hidden, self.n_out)
        nn.init.normal_(self.emit.weight, std=0.05)
        nn.init.normal_(self.emit.bias, std=0.4)

    def forward(self, code):
        flat = self.emit(self.trunk(code))
        out, k = [], 0
        for s in self.SHAPES:
            n = math.prod(s)
            out.append(flat.data[:, k:k + n].view(-1, *s))
            k += n
        return tuple(out)


def body(ws, x):
    w1, b1, w2, b2 = ws
    h = torch.sin(F.linear(x, w1, b1))
    return torch.tanh(F.linear(h, w2, b2))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.hyper = HyperNet()
        self.readout = nn.Sequential(nn.Linear(WIDTH, 32), nn.GELU(), nn.Linear(32, 1))

    def forward(self, code, x):
        return self.readout(vmap(body)(self.hyper(code), x))


model = Model()
opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-4)
STEPS = 500
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, STEPS, eta_min=1e-4)
hist = []
for step in range(STEPS):
    code, x, y = sample_tasks(32, 20)
    loss = F.mse_loss(model(code, x), y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    sched.step()
    hist.append(loss.item())
    if (step + 1) % 100 == 0:
        print(f"step {step + 1} mse {sum(hist[-50:]) / 50:.4f}")

torch.manual_seed(99)
with torch.no_grad():
    code, x, y = sample_tasks(200, 50)
    print(f"held-out tasks mse {F.mse_loss(model(code, x), y):.4f}, var {y.var():.4f}")
