import math
from dataclasses import dataclass
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.set_num_threads(1)


@dataclass
class Config:
    hidden: int = 64
    depth: int = 3
    omega: float = 30.0
    lr: float = 1e-3
    steps: int = 600
    batch: int = 1024
    seed: int = 0


class Sine(nn.Module):
    def __init__(self, omega):
        super().__init__()
        self.omega = omega

    def forward(self, x):
        return torch.sin(self.omega * x)


class Model(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        dims = [2] + [cfg.hidden] * cfg.depth
        self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(dims[:-1], dims[1:])])
        self.act = Sine(cfg.omega)
        self.out = nn.Linear(cfg.hidden, 1)
        self.reset(cfg)

    @torch.no_grad()
    def reset(self, cfg):
        for i, lin in enumerate(self.layers):
            n = lin.in_features
            bound = 1.0 / n if i == 0 else math.sqrt(6.0 / n)
            lin.weight.uniform_(-bound, bound)
        b = math.sqrt(6.0 / cfg.hidden) / cfg.omega
        self.out.weight.uniform_(-b, b)

    def forward(self, x):
        for lin in self.layers:
            x = self.act(lin(x))
        return self.out(x)


def smooth_image():
    imgs = load_digits().images[:16].reshape(4, 4, 8, 8).transpose(0, 2, 1, 3).reshape(32, 32)
    img = torch.tensor(imgs / 8.0 - 1.0, dtype=torch.float32)[None, None]
    img = nn.functional.interpolate(img, size=(96, 96), mode="bicubic", align_corners=True)[0, 0]
    lin = torch.linspace(-1, 1, 96)
    grid = torch.stack(torch.meshgrid(lin, lin, indexing="ij"), -1).reshape(-1, 2)
    return grid, img.reshape(-1, 1)


class Trainer:
    def __init__(self, cfg):
        self.cfg = cfg
        torch.manual_seed(cfg.seed)
        self.grid, self.img = smooth_image()
        mask = torch.rand(len(self.grid)) < 0.6
        self.xa, self.ya = self.grid[mask], self.img[mask]
        self.xb, self.yb = self.grid[~mask], self.img[~mask]
        self.model = Model(cfg)
        self.opt = torch.optim.Adam(self.model.parameters(), lr=cfg.lr)
        self.sched = torch.optim.lr_scheduler.CosineAnnealingLR(self.opt, cfg.steps)

    def fit(self):
        for step in range(self.cfg.steps):
            idx = torch.randint(0, len(self.xa), (self.cfg.batch,))
            loss = (self.model(self.xa[idx]) - self.ya[idx]).pow(2).mean()
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            self.sched.step()
            if step % 100 == 0:
                print(f"step {step} mse {loss.item():.5f}")

    @torch.no_grad()
    def psnr(self):
        mse = (self.model(self.xb) - self.yb).pow(2).mean().item()
        return 10 * np.log10(4.0 / mse)


if __name__ == "__main__":
    tr = Trainer(Config())
    tr.fit()
    print(f"final_metric heldout_psnr {tr.psnr():.3f}")
