from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split


@dataclass
class Cfg:
    l2: float = 1e-2
    history: int = 20
    outer: int = 40
    inner: int = 10


class LogitModel(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.linear = nn.Linear(n, 1)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x):
        return self.linear(x).squeeze(-1)


class PenalisedLogLoss(nn.Module):
    def __init__(self, l2):
        super().__init__()
        self.l2 = l2
        self.bce = nn.BCEWithLogitsLoss()

    def forward(self, model, x, y):
        return self.bce(model(x), y) + 0.5 * self.l2 * model.linear.weight.pow(2).sum()


class Fitter:
    def __init__(self, cfg, n):
        self.cfg = cfg
        self.model = LogitModel(n)
        self.criterion = PenalisedLogLoss(cfg.l2)
        self.opt = torch.optim.LBFGS(self.model.parameters(), lr=1.0, max_iter=cfg.inner,
                                     history_size=cfg.history, line_search_fn="strong_wolfe")

    def fit(self, x, y):
        def closure():
            self.opt.zero_grad()
            loss = self.criterion(self.model, x, y)
            loss.backward()
            return loss

        for it in range(self.cfg.outer):
            loss = self.opt.step(closure)
            if it % 10 == 0:
                norm = self.model.linear.weight.grad.norm().item()
                print(f"iter {it} loss {loss.item():.6f} grad {norm:.2e}")


def main():
    torch.manual_seed(0)
    x, y = load_breast_cancer(return_X_y=True)
    xa, xb, ya, yb = train_test_split(x, y, test_size=0.3, random_state=0, stratify=y)
    mu, sd = xa.mean(0), xa.std(0)
    to = lambda a: torch.tensor((a - mu) / sd, dtype=torch.float32)
    xa, xb = to(xa), to(xb)
    ya, yb = (torch.tensor(a.astype(np.float32)) for a in (ya, yb))
    fitter = Fitter(Cfg(), xa.shape[1])
    fitter.fit(xa, ya)
    with torch.no_grad():
        pred = (fitter.model(xb) > 0).float()
    print(f"baseline {max(yb.mean().item(), 1 - yb.mean().item()):.4f}")
    print(f"metric {(pred == yb).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
