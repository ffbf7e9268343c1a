"""Physics-informed network for a damped oscillator, sine layers, L-BFGS after Adam."""
import os
from dataclasses import dataclass

import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))


@dataclass
class Problem:
    damping: float = 0.4
    omega: float = 3.0
    t_end: float = 4.0
    x0: float = 1.0

    def exact(self, t):
        g, w = self.damping, (self.omega ** 2 - self.damping ** 2) ** 0.5
        return self.x0 * torch.exp(-g * t) * (torch.cos(w * t) + g / w * torch.sin(w * t))


class Sine(nn.Module):
    def __init__(self, w0=1.0):
        super().__init__()
        self.w0 = nn.Parameter(torch.tensor(w0))

    def forward(self, x):
        return torch.sin(self.w0 * x)


class PINN(nn.Module):
    def __init__(self, prob, width=32):
        super().__init__()
        self.prob = prob
        self.net = nn.Sequential(nn.Linear(1, width), Sine(3.0), nn.Linear(width, width), Sine(),
                                 nn.Linear(width, width), Sine(), nn.Linear(width, 1))

    def forward(self, t):
        # initial position and zero initial speed are built in
        s = t / self.prob.t_end
        return self.prob.x0 + s ** 2 * self.net(2 * s - 1) * 10

    def residual(self, t):
        t = t.requires_grad_(True)
        x = self(t)
        v, = torch.autograd.grad(x.sum(), t, create_graph=True)
        a, = torch.autograd.grad(v.sum(), t, create_graph=True)
        p = self.prob
        return (a + 2 * p.damping * v + p.omega ** 2 * x) / p.omega ** 2


prob = Problem()
model = PINN(prob)
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
sched = torch.optim.lr_scheduler.MultiStepLR(opt, [900, 1300], gamma=0.3)
for step in range(1500):
    t = torch.rand(96, 1) * prob.t_end
    loss = model.residual(t).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 300 == 0:
        print(f"adam {step} residual {loss.item():.5f}")

grid = torch.linspace(0, prob.t_end, 128).view(-1, 1)
lbfgs = torch.optim.LBFGS(model.parameters(), lr=1.0, max_iter=150, line_search_fn="strong_wolfe")


def closure():
    lbfgs.zero_grad()
    loss = model.residual(grid.clone()).pow(2).mean()
    loss.backward()
    return loss


lbfgs.step(closure)
with torch.no_grad():
    t = torch.linspace(0, prob.t_end, 500).view(-1, 1)
    ref, out = prob.exact(t), model(t)
    print(f"rmse {(out - ref).pow(2).mean().sqrt().item():.5f}  baseline (zero) {ref.pow(2).mean().sqrt().item():.5f}")
