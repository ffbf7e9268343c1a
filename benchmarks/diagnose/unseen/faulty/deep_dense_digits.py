from dataclasses import dataclass

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


@dataclass
class Spec:
    n_in: int = 64
    width: int = 64
    depth: int = 24
    drop: float = 0.02
    classes: int = 10
    lr: float = 0.02
    momentum: float = 0.9
    epochs: int = 12
    batch: int = 32


class SNNBlock(nn.Sequential):
    def __init__(self, a, b, drop):
        super().__init__(nn.Linear(a, b), nn.SELU(), nn.AlphaDropout(drop))


class SelfNormalisingNet(nn.Module):
    def __init__(self, s):
        super().__init__()
        sizes = [s.n_in] + [s.width] * s.depth
        self.body = nn.Sequential(*[SNNBlock(a, b, s.drop) for a, b in zip(sizes, sizes[1:])])
        self.head = nn.Linear(s.width, s.classes)

    def forward(self, x):
        return self.head(self.body(x))


class Loop:
    def __init__(self, s):
        torch.manual_seed(12)
        self.s = s
        x, y = load_digits(return_X_y=True)
        xa, xb, ya, yb = train_test_split(x, y, test_size=0.3, random_state=1, stratify=y)
        mu, sd = xa.mean(), xa.std()
        t = lambda a: torch.tensor((a - mu) / sd, dtype=torch.float32)
        self.xa, self.xb = t(xa), t(xb)
        self.ya, self.yb = torch.tensor(ya), torch.tensor(yb)
        self.net = SelfNormalisingNet(s)
        self.opt = torch.optim.SGD(self.net.parameters(), lr=s.lr, momentum=s.momentum)
        self.sched = torch.optim.lr_scheduler.CosineAnnealingLR(self.opt, s.epochs)
        self.loss = nn.CrossEntropyLoss()

    def epoch(self):
        self.net.train()
        total, n = 0.0, 0
        for idx in torch.randperm(len(self.xa)).split(self.s.batch):
            loss = self.loss(self.net(self.xa[idx]), self.ya[idx])
            self.opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            self.opt.step()
            total, n = total + loss.item(), n + 1
        self.sched.step()
        return total / n

    @torch.no_grad()
    def accuracy(self):
        self.net.eval()
        return (self.net(self.xb).argmax(1) == self.yb).float().mean().item()


def main():
    loop = Loop(Spec())
    for e in range(loop.s.epochs):
        loss = loop.epoch()
        if e % 3 == 2:
            print(f"epoch {e} loss {loss:.4f} acc {loop.accuracy():.4f}")
    print(f"metric {loop.accuracy():.4f}")


if __name__ == "__main__":
    main()
