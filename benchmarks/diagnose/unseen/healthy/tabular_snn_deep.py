from dataclasses import dataclass

import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Cfg:
    width: int = 48
    depth: int = 10
    drop: float = 0.02
    lr: float = 1e-2
    momentum: float = 0.9
    epochs: int = 15
    batch: int = 64


def snn(n_in, n_out, c):
    layers, n = [], n_in
    for _ in range(c.depth):
        layers += [nn.Linear(n, c.width), nn.SELU(), nn.AlphaDropout(c.drop)]
        n = c.width
    layers.append(nn.Linear(n, n_out))
    net = nn.Sequential(*layers)
    for m in net:
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, std=m.in_features ** -0.5)
            nn.init.zeros_(m.bias)
    return net


class Standardise:
    def __init__(self, x):
        self.mu, self.sd = x.mean(0), x.std(0)

    def __call__(self, x):
        return torch.tensor((x - self.mu) / self.sd, dtype=torch.float32)


def evaluate(net, x, y):
    net.eval()
    with torch.no_grad():
        acc = (net(x).argmax(1) == y).float().mean().item()
    net.train()
    return acc


def main():
    c = Cfg()
    torch.manual_seed(41)
    x, y = make_classification(4000, n_features=20, n_informative=8, n_redundant=4, n_classes=4,
                               n_clusters_per_class=2, class_sep=2.0, flip_y=0.01, random_state=5)
    xa, xb, ya, yb = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    scale = Standardise(xa)
    xa, xb, ya, yb = scale(xa), scale(xb), torch.tensor(ya), torch.tensor(yb)
    loader = DataLoader(TensorDataset(xa, ya), c.batch, shuffle=True, drop_last=True)
    net = snn(20, 4, c)
    opt = torch.optim.SGD(net.parameters(), lr=c.lr, momentum=c.momentum)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, c.epochs * len(loader))
    loss_fn = nn.CrossEntropyLoss()
    for e in range(c.epochs):
        total = 0.0
        for xb_, yb_ in loader:
            loss = loss_fn(net(xb_), yb_)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
            sched.step()
            total += loss.item()
        if e % 5 == 4:
            print(f"epoch {e} loss {total / len(loader):.4f} acc {evaluate(net, xb, yb):.4f}")
    print(f"baseline {yb.bincount().max().item() / len(yb):.4f}")
    print(f"metric {evaluate(net, xb, yb):.4f}")


if __name__ == "__main__":
    main()
