"""Wide & Deep model (port of the Keras example) for click prediction on synthetic logs."""
import os
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn


@dataclass
class Config:
    n_rows: int = 6000
    n_features: int = 12
    width: int = 40
    n_blocks: int = 4
    lr: float = 2e-3
    batch: int = 128
    epochs: int = 25
    seed: int = int(os.environ.get("SEED", 0))


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, width),
            nn.Sigmoid(),
            nn.Linear(width, width),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.layers(x)


class WideDeep(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.wide = nn.Linear(cfg.n_features, 1)
        self.stem = nn.Linear(cfg.n_features, cfg.width)
        self.deep = nn.Sequential(*[Block(cfg.width) for _ in range(cfg.n_blocks)])
        self.deep_out = nn.Linear(cfg.width, 1)

    def forward(self, x):
        return (self.wide(x) + self.deep_out(self.deep(self.stem(x)))).squeeze(1)


def make_logs(cfg):
    rng = np.random.default_rng(cfg.seed)
    x = rng.normal(size=(cfg.n_rows, cfg.n_features))
    score = 0.6 * x[:, 0] - 0.4 * x[:, 1] + 2.0 * x[:, 2] * x[:, 3] + 1.5 * (np.abs(x[:, 4]) - 0.8)
    y = (score + 0.2 * rng.normal(size=cfg.n_rows) > 0).astype(np.float32)
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    cut = int(0.8 * cfg.n_rows)
    return x[:cut], y[:cut], x[cut:], y[cut:]


def main():
    torch.set_num_threads(1)
    cfg = Config()
    torch.manual_seed(cfg.seed)
    x, y, xv, yv = make_logs(cfg)
    model = WideDeep(cfg)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(cfg.epochs):
        model.train()
        perm = torch.randperm(len(x))
        losses = []
        for idx in perm.split(cfg.batch):
            loss = bce(model(x[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        if (epoch + 1) % 5 == 0:
            print(f"epoch {epoch + 1:2d}  loss {np.mean(losses):.4f}")
    model.eval()
    with torch.no_grad():
        acc = ((model(xv) > 0).float() == yv).float().mean().item()
    print(f"validation accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
