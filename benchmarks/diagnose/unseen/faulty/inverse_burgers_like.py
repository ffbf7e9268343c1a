import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

"""Inverse problem: recover diffusivity and advection speed of
      u_t + c u_x = nu u_xx
from 300 noisy sensor readings.  The network is the surrogate of u, `coef` holds (log nu, c)."""


@dataclass
class Cfg:
    nu: float = 0.08
    c: float = 0.7
    n_data: int = 300
    n_col: int = 160
    iters: int = 550
    lr: float = 3e-3
    lr_coef: float = 2e-2
    seed: int = 3


class Surrogate(nn.Module):
    def __init__(self, width=32, depth=3):
        super().__init__()
        layers, d = [], 2
        for _ in range(depth):
            layers += [nn.Linear(d, width), nn.Tanh()]
            d = width
        self.body = nn.Sequential(*layers, nn.Linear(d, 1))
        for m in self.body:
            if isinstance(m, nn.Linear):
                nn.init.xavier_normal_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, x, t):
        return self.body(torch.cat([x, t], dim=1))


class AdvectionDiffusion(nn.Module):
    def __init__(self):
        super().__init__()
        self.log_nu = nn.Parameter(torch.tensor(math.log(0.5)))
        self.c = nn.Parameter(torch.tensor(0.0))

    def coefficients(self):
        return math.exp(self.log_nu.item()), self.c.item()

    def forward(self, net, x, t):
        x.requires_grad_(True)
        t.requires_grad_(True)
        u = net(x, t)
        u_x, u_t = torch.autograd.grad(u.sum(), (x, t), create_graph=True)
        u_xx, = torch.autograd.grad(u_x.sum(), x, create_graph=True)
        nu, c = self.coefficients()
        return u_t + c * u_x - nu * u_xx


def truth(x, t, cfg):
    k = math.pi
    return torch.exp(-cfg.nu * k * k * t) * torch.sin(k * (x - cfg.c * t))


def main(cfg=Cfg()):
    torch.set_num_threads(1)
    torch.manual_seed(cfg.seed)
    np.random.seed(cfg.seed)
    xd = torch.rand(cfg.n_data, 1) * 2 - 1
    td = torch.rand(cfg.n_data, 1)
    ud = truth(xd, td, cfg) + 0.02 * torch.randn(cfg.n_data, 1)

    net, pde = Surrogate(), AdvectionDiffusion()
    opt = torch.optim.Adam([
        {"params": net.parameters(), "lr": cfg.lr},
        {"params": pde.parameters(), "lr": cfg.lr_coef},
    ])
    for it in range(cfg.iters):
        xc = torch.rand(cfg.n_col, 1) * 2 - 1
        tc = torch.rand(cfg.n_col, 1)
        data = (net(xd, td) - ud).square().mean()
        phys = pde(net, xc, tc).square().mean()
        loss = 10 * data + 0.2 * phys
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        if it % 100 == 0 or it == cfg.iters - 1:
            nu, c = pde.coefficients()
            print(f"{it:5d} data {data.item():.5f} phys {phys.item():.5f}   nu {nu:.4f}  c {c:.4f}")
    nu, c = pde.coefficients()
    xg = torch.rand(2000, 1) * 2 - 1
    tg = torch.rand(2000, 1)
    with torch.no_grad():
        err = (net(xg, tg) - truth(xg, tg, cfg)).square().mean().sqrt().item()
    print(f"estimated nu={nu:.4f} (true {cfg.nu}), c={c:.4f} (true {cfg.c}); rmse of u {err:.4f}")


if __name__ == "__main__":
    main()
