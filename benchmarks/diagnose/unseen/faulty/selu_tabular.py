"""Self-normalizing net for a tabular problem, wrapped in a small Trainer."""
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    width: int = 64
    depth: int = 20
    lr: float = 0.02
    momentum: float = 0.9
    epochs: int = 7
    batch_size: int = 100
    seed: int = 11


class SNN(nn.Module):
    def __init__(self, d_in, n_classes, cfg):
        super().__init__()
        blocks, d = [], d_in
        for _ in range(cfg.depth):
            lin = nn.Linear(d, cfg.width)
            blocks.append(nn.Sequential(lin, nn.SELU()))
            d = cfg.width
        self.body = nn.Sequential(*blocks)
        self.head = nn.Linear(d, n_classes)

    def forward(self, x):
        return self.head(self.body(x))


class Trainer:
    def __init__(self, model, cfg):
        self.model, self.cfg = model, cfg
        self.opt = torch.optim.SGD(model.parameters(), lr=cfg.lr, momentum=cfg.momentum)
        self.crit = nn.CrossEntropyLoss()

    def fit(self, train, valid):
        for ep in range(1, self.cfg.epochs + 1):
            self.model.train()
            tot, n = 0.0, 0
            for xb, yb in train:
                self.opt.zero_grad()
                loss = self.crit(self.model(xb), yb)
                loss.backward()
                nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
                self.opt.step()
                tot += loss.item() * len(xb)
                n += len(xb)
            print(f"[{ep:02d}] loss={tot / n:.4f} val_acc={self.score(valid):.4f}")

    @torch.no_grad()
    def score(self, loader):
        self.model.eval()
        hit = sum((self.model(x).argmax(1) == y).sum().item() for x, y in loader)
        return hit / len(loader.dataset)


def main():
    torch.set_num_threads(1)
    cfg = Config()
    torch.manual_seed(cfg.seed)
    X, y = make_classification(n_samples=4000, n_features=30, n_informative=14, n_redundant=4,
                               n_classes=5, n_clusters_per_class=2, class_sep=1.6, random_state=cfg.seed)
    X = StandardScaler().fit_transform(X).astype(np.float32)
    ds = [TensorDataset(torch.from_numpy(X[s]), torch.from_numpy(y[s]))
          for s in (slice(0, 3000), slice(3000, None))]
    train = DataLoader(ds[0], cfg.batch_size, shuffle=True)
    valid = DataLoader(ds[1], 500)
    tr = Trainer(SNN(30, 5, cfg), cfg)
    tr.fit(train, valid)
    print(f"final validation accuracy: {tr.score(valid):.4f}")


if __name__ == "__main__":
    main()
