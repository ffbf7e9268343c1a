"""Identity-initialised ReLU RNN that sums the marked entries of a sequence."""
from dataclasses import dataclass
import sys
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


@dataclass
class Config:
    length: int = 40
    hidden: int = 64
    batch: int = 64
    steps: int = 500
    lr: float = 0.003
    momentum: float = 0.9
    seed: int = 0


def adding_batch(cfg, n):
    values = torch.rand(n, cfg.length)
    mask = (torch.rand(n, cfg.length) < 0.2).float()
    target = (values * mask).sum(1) / 2
    return torch.stack([values, mask], -1), target


class IRNN(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.hidden = cfg.hidden
        self.inp = nn.Linear(2, cfg.hidden)
        self.rec = nn.Linear(cfg.hidden, cfg.hidden, bias=False)
        self.out = nn.Linear(cfg.hidden, 1)
        nn.init.eye_(self.rec.weight)
        nn.init.uniform_(self.inp.weight, 0.02, 0.1)
        nn.init.uniform_(self.inp.bias, -0.07, 0.05)

    def forward(self, x):
        drive = self.inp(x)
        h = x.new_zeros(x.shape[0], self.hidden)
        for t in range(x.shape[1]):
            h = F.relu(drive[:, t] + self.rec(h))
        return self.out(h).squeeze(-1)


class Trainer:
    def __init__(self, cfg):
        torch.manual_seed(cfg.seed)
        self.cfg = cfg
        self.model = IRNN(cfg)
        self.opt = torch.optim.SGD(self.model.parameters(), lr=cfg.lr, momentum=cfg.momentum)
        self.test = adding_batch(cfg, 1000)

    def fit(self):
        for step in range(self.cfg.steps):
            x, y = adding_batch(self.cfg, self.cfg.batch)
            loss = F.mse_loss(self.model(x), y)
            self.opt.zero_grad()
            loss.backward()
            norm = torch.cat([p.grad.flatten() for p in self.model.parameters()]).norm()
            self.opt.step()
            if step % 50 == 0:
                print(f"step {step} loss {loss.item():.4g} grad norm {norm.item():.4g} test {self.evaluate():.4g}")

    @torch.no_grad()
    def evaluate(self):
        x, y = self.test
        return F.mse_loss(self.model(x), y).item()


if __name__ == "__main__":
    trainer = Trainer(Config(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0))
    trainer.fit()
    print(f"final test mse {trainer.evaluate():.4g}")
