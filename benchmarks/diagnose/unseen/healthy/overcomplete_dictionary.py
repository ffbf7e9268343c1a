from dataclasses import dataclass

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split


@dataclass
class Cfg:
    atoms: int = 160
    l1: float = 0.004
    lr: float = 3e-3
    epochs: int = 60
    batch: int = 64


class SparseCoder(nn.Module):
    def __init__(self, n, atoms):
        super().__init__()
        self.bias_in = nn.Parameter(torch.zeros(n))
        self.encode = nn.Linear(n, atoms)
        self.rect = nn.ReLU()
        self.atoms = nn.Parameter(torch.randn(atoms, n) / n ** 0.5)
        with torch.no_grad():
            self.encode.weight.copy_(self.unit_atoms())
            self.encode.bias.fill_(-0.05)

    def unit_atoms(self):
        return nn.functional.normalize(self.atoms, dim=1)

    def forward(self, x):
        code = self.rect(self.encode(x - self.bias_in))
        return code @ self.unit_atoms() + self.bias_in, code


class Trainer:
    def __init__(self, cfg, x):
        torch.manual_seed(10)
        self.cfg, self.x = cfg, x
        self.net = SparseCoder(x.shape[1], cfg.atoms)
        with torch.no_grad():
            self.net.bias_in.copy_(x.mean(0))
        self.opt = torch.optim.Adam(self.net.parameters(), lr=cfg.lr)

    def epoch(self):
        total = 0.0
        for idx in torch.randperm(len(self.x)).split(self.cfg.batch):
            x = self.x[idx]
            recon, code = self.net(x)
            loss = (recon - x).pow(2).sum(1).mean() + self.cfg.l1 * code.sum(1).mean() * 10
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            total += loss.item() * len(idx)
        return total / len(self.x)


def main():
    cfg = Cfg()
    x, y = load_digits(return_X_y=True)
    x = torch.tensor(x / 16, dtype=torch.float32)
    xa, xb, ya, yb = train_test_split(x, y, test_size=0.3, random_state=3, stratify=y)
    tr = Trainer(cfg, xa)
    for e in range(cfg.epochs):
        loss = tr.epoch()
        if e % 10 == 9:
            print(f"epoch {e} loss {loss:.4f}")
    with torch.no_grad():
        ra, ca = tr.net(xa)
        rb, cb = tr.net(xb)
    print(f"active share {(cb > 0).float().mean():.3f} idle atoms {(ca.max(0).values == 0).float().mean():.3f}")
    probe = LogisticRegression(max_iter=300).fit(ca.numpy(), ya)
    print(f"probe {probe.score(cb.numpy(), yb):.4f}")
    print(f"baseline {(xb - xa.mean(0)).pow(2).sum(1).mean().item():.4f}")
    print(f"metric {(rb - xb).pow(2).sum(1).mean().item():.4f}")


if __name__ == "__main__":
    main()
