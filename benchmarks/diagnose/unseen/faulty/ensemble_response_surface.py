import math
from dataclasses import dataclass

import torch
import torch.nn as nn


@dataclass
class EnsembleConfig:
    members: int = 5
    n_in: int = 6
    hidden: tuple = (48, 48)
    lr: float = 4e-3
    batch: int = 128
    steps: int = 700
    noise: float = 0.05


def surface(n, cfg, gen):
    x = torch.rand(n, cfg.n_in, generator=gen) * 4 - 2
    y = torch.sin(2 * x[:, 0]) * x[:, 1] + (x[:, 2] ** 2 - 1) + torch.cos(x[:, 3] * x[:, 4])
    y = y + cfg.noise * torch.randn(n, generator=gen)
    return x, y


class Snake(nn.Module):
    def __init__(self, width, alpha=1.0):
        super().__init__()
        self.log_alpha = nn.Parameter(torch.full((width,), math.log(alpha)))

    def forward(self, x):
        a = self.log_alpha.exp()
        return x + torch.sin(a * x).pow(2) / a


class EnsembleMLP(nn.Module):
    """All members are evaluated at once with batched contractions."""

    def __init__(self, cfg):
        super().__init__()
        sizes = (cfg.n_in, *cfg.hidden, 1)
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for a, b in zip(sizes, sizes[1:]):
            self.weights.append(nn.Parameter(torch.randn(cfg.members, a, b) / math.sqrt(a)))
            self.biases.append(nn.Parameter(torch.zeros(cfg.members, 1, b)))
        self.acts = nn.ModuleList(Snake(h) for h in cfg.hidden)

    def forward(self, x):
        h = x.unsqueeze(0).expand(len(self.weights[0]), -1, -1)
        last = len(self.weights) - 1
        for i, (w, b) in enumerate(zip(self.weights, self.biases)):
            h = torch.einsum("mbi,mio->mbo", h, w) + b
            if i < last:
                self.acts[i](h)
        return h.squeeze(-1)


class Trainer:
    def __init__(self, cfg):
        self.cfg = cfg
        gen = torch.Generator().manual_seed(0)
        self.train, self.test = surface(4000, cfg, gen), surface(1000, cfg, gen)
        torch.manual_seed(1)
        self.model = EnsembleMLP(cfg)
        self.opt = torch.optim.Adam(self.model.parameters(), lr=cfg.lr)
        self.sched = torch.optim.lr_scheduler.SequentialLR(
            self.opt,
            [torch.optim.lr_scheduler.LinearLR(self.opt, 0.1, 1.0, 30),
             torch.optim.lr_scheduler.CosineAnnealingLR(self.opt, cfg.steps - 30)], [30])

    def fit(self):
        x, y = self.train
        for step in range(self.cfg.steps):
            idx = torch.randint(0, len(x), (self.cfg.batch,))
            pred = self.model(x[idx])
            loss = (pred - y[idx]).pow(2).mean(1).sum()
            self.opt.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 20.0)
            self.opt.step()
            self.sched.step()
            if step % 100 == 0:
                print(f"step {step} loss {loss.item() / self.cfg.members:.4f}")

    @torch.no_grad()
    def r2(self):
        x, y = self.test
        mean = self.model(x).mean(0)
        return (1 - (mean - y).pow(2).mean() / y.var()).item()


if __name__ == "__main__":
    trainer = Trainer(EnsembleConfig())
    trainer.fit()
    print(f"metric {trainer.r2():.4f}")
