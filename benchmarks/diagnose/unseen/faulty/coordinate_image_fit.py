"""Fit a coordinate network f(x, y) -> intensity to a 2-D test pattern."""
import math

import torch
import torch.nn as nn


def pattern(xy):
    x, y = xy[:, 0], xy[:, 1]
    r = torch.sqrt(x ** 2 + y ** 2)
    return (torch.cos(2.5 * math.pi * r) * torch.exp(-r) + 0.3 * torch.sin(3 * x) * y).unsqueeze(1)


class CoordNet(nn.Module):
    def __init__(self, hidden=64, depth=3):
        super().__init__()
        self.inp = nn.Linear(2, hidden)
        self.blocks = nn.ModuleList([nn.Linear(hidden, hidden) for _ in range(depth)])
        self.out = nn.Linear(hidden, 1)

    def forward(self, xy):
        h = self.inp(xy)
        for block in self.blocks:
            z = block(h)
            torch.relu(z)
            h = z
        return self.out(h)


class Trainer:
    def __init__(self, model, lr, steps):
        self.model = model
        self.steps = steps
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.sched = torch.optim.lr_scheduler.CosineAnnealingLR(self.opt, steps)
        self.loss_fn = nn.MSELoss()

    def train(self, xy, val):
        for step in range(self.steps):
            idx = torch.randint(0, len(xy), (256,))
            self.opt.zero_grad()
            loss = self.loss_fn(self.model(xy[idx]), val[idx])
            loss.backward()
            self.opt.step()
            self.sched.step()
            if (step + 1) % 300 == 0:
                print(f"step {step + 1} mse {loss.item():.5f}")

    @torch.no_grad()
    def r2(self, xy, val):
        err = (self.model(xy) - val).pow(2).mean()
        return 1.0 - (err / val.var(unbiased=False)).item()


if __name__ == "__main__":
    torch.manual_seed(21)
    train_xy = torch.rand(4000, 2) * 2 - 1
    test_xy = torch.rand(1000, 2) * 2 - 1
    trainer = Trainer(CoordNet(), lr=3e-3, steps=1500)
    trainer.train(train_xy, pattern(train_xy))
    print("test R2", round(trainer.r2(test_xy, pattern(test_xy)), 4))
