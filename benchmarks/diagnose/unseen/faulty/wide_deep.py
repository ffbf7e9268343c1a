"""Wide & deep regressor on an interaction-heavy table."""
import dataclasses
import torch

torch.set_num_threads(1)
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclasses.dataclass
class Settings:
    n_features: int = 8
    hidden: tuple = (64, 64, 32)
    cap: float = 25.0
    lr: float = 3e-3
    epochs: int = 10
    batch_size: int = 100
    seed: int = 9


class Capped(nn.Module):
    def __init__(self, cap):
        super().__init__()
        self.cap = cap

    def forward(self, z):
        return torch.clamp(z, -self.cap, self.cap)


class WideDeep(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.wide = nn.Linear(s.n_features, 1)
        stack, width = [], s.n_features
        for h in s.hidden:
            stack += [nn.Linear(width, h), Capped(s.cap)]
            width = h
        self.deep = nn.Sequential(*stack)
        self.deep_out = nn.Linear(width, 1)

    def forward(self, x):
        return self.wide(x) + self.deep_out(self.deep(x))


def make_table(n, s, gen):
    x = torch.randn(n, s.n_features, generator=gen)
    y = 1.2 * x[:, 0] * x[:, 1] + torch.cos(2 * x[:, 2]) + 0.8 * x[:, 3].abs()
    y = y + 0.5 * x[:, 4] - 0.3 * x[:, 5] + 0.1 * torch.randn(n, generator=gen)
    return x, ((y - 0.7) / 1.5).unsqueeze(1)


def score(model, x, y):
    model.eval()
    with torch.inference_mode():
        err = (model(x) - y).pow(2).mean()
    model.train()
    return (1 - err / y.var()).item()


if __name__ == "__main__":
    s = Settings()
    torch.manual_seed(s.seed)
    gen = torch.Generator().manual_seed(s.seed)
    x, y = make_table(5000, s, gen)
    xv, yv = make_table(1500, s, gen)
    model = WideDeep(s)
    optimizer = torch.optim.NAdam(model.parameters(), lr=s.lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=s.epochs)
    loader = DataLoader(TensorDataset(x, y), batch_size=s.batch_size, shuffle=True)
    for epoch in range(s.epochs):
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(xb), yb)
            loss.backward()
            optimizer.step()
        schedule.step()
        print(f"[{epoch}] r2={score(model, xv, yv):.3f}")
    print(f"final r2 {score(model, xv, yv):.4f}")
