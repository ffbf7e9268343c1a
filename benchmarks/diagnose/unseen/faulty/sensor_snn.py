"""Self-normalising regressor for the state of a damped oscillator seen by noisy sensors."""
import sys
from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)


@dataclass
class Config:
    sensors: int = 24
    width: int = 96
    depth: int = 8
    drop: float = 0.3
    n: int = 5000
    batch: int = 64
    epochs: int = 12
    lr: float = 7e-4
    seed: int = 0


def simulate(cfg, gen):
    amp = 0.5 + torch.rand(cfg.n, 1, generator=gen)
    freq = 1 + 3 * torch.rand(cfg.n, 1, generator=gen)
    damp = 0.1 + 0.5 * torch.rand(cfg.n, 1, generator=gen)
    phase = 6.28 * torch.rand(cfg.n, 1, generator=gen)
    t = torch.linspace(0, 3, cfg.sensors)[None]
    x = amp * torch.exp(-damp * t) * torch.sin(freq * t + phase)
    x = x + 0.02 * torch.randn(x.shape, generator=gen)
    y = torch.cat([amp, freq, damp], 1)
    return (x - x.mean(0)) / x.std(0), (y - y.mean(0)) / y.std(0)


class SNN(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        dims = [cfg.sensors] + [cfg.width] * cfg.depth
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(dims[:-1], dims[1:]))
        self.head = nn.Linear(cfg.width, 3)
        self.drop = nn.Dropout(cfg.drop)
        for m in self.hidden:
            nn.init.kaiming_normal_(m.weight, nonlinearity="linear")
            nn.init.zeros_(m.bias)

    def forward(self, x):
        for layer in self.hidden:
            x = self.drop(F.selu(layer(x)))
        return self.head(x)


class Trainer:
    def __init__(self, cfg):
        self.cfg = cfg
        torch.manual_seed(cfg.seed)
        x, y = simulate(cfg, torch.Generator().manual_seed(cfg.seed))
        cut = int(0.8 * cfg.n)
        self.loader = DataLoader(TensorDataset(x[:cut], y[:cut]), cfg.batch, shuffle=True, drop_last=True)
        self.test = x[cut:], y[cut:]
        self.model = SNN(cfg)
        self.opt = torch.optim.AdamW(self.model.parameters(), lr=cfg.lr, weight_decay=1e-3)

    def fit(self):
        for epoch in range(self.cfg.epochs):
            self.model.train()
            for x, y in self.loader:
                loss = F.mse_loss(self.model(x), y)
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
            print(f"epoch {epoch} train {loss.item():.4f} test r2 {self.r2():.4f}")

    @torch.no_grad()
    def r2(self):
        self.model.eval()
        x, y = self.test
        return 1 - F.mse_loss(self.model(x), y).item() / y.var().item()


if __name__ == "__main__":
    trainer = Trainer(Config(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0))
    trainer.fit()
    print(f"final test r2 {trainer.r2():.4f}")
