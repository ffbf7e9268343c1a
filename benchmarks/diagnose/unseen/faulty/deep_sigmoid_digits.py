"""Depth study, run 3: how far can a plain feed-forward net be stacked on the 8x8 digits?"""
from dataclasses import dataclass

import torch
import torch.nn as nn
from sklearn.datasets import load_digits


@dataclass
class Config:
    depth: int = 9
    width: int = 64
    lr: float = 0.05
    momentum: float = 0.9
    epochs: int = 22
    batch_size: int = 48
    seed: int = 123


class Stack(nn.Module):
    def __init__(self, cfg, n_in, n_out):
        super().__init__()
        self.stem = nn.Linear(n_in, cfg.width)
        self.body = nn.ModuleList(nn.Linear(cfg.width, cfg.width) for _ in range(cfg.depth))
        self.head = nn.Linear(cfg.width, n_out)
        self.act = nn.Sigmoid()
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_normal_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        h = self.act(self.stem(x))
        for lin in self.body:
            h = self.act(lin(h))
        return self.head(h)


def main(cfg):
    torch.manual_seed(cfg.seed)
    torch.set_num_threads(1)
    data = load_digits()
    x = torch.tensor(data.data, dtype=torch.float32)
    x = (x - x.mean(0)) / (x.std(0) + 1e-2)
    y = torch.tensor(data.target)
    perm = torch.randperm(len(x))
    tr, te = perm[:1400], perm[1400:]

    model = Stack(cfg, 64, 10)
    opt = torch.optim.SGD(model.parameters(), lr=cfg.lr, momentum=cfg.momentum, nesterov=True)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=cfg.epochs)
    lossf = nn.CrossEntropyLoss()
    for ep in range(cfg.epochs):
        tot = 0.0
        for chunk in tr[torch.randperm(len(tr))].split(cfg.batch_size):
            loss = lossf(model(x[chunk]), y[chunk])
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            tot += loss.item() * len(chunk)
        sched.step()
        if ep % 4 == 0 or ep == cfg.epochs - 1:
            print(f"[{ep:02d}] loss={tot / len(tr):.4f} lr={sched.get_last_lr()[0]:.4f}")
    model.eval()
    with torch.no_grad():
        acc = (model(x[te]).argmax(-1) == y[te]).float().mean()
    print(f"held-out accuracy {acc:.4f}")


if __name__ == "__main__":
    main(Config())
