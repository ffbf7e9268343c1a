"""Imputing holes in a sensor table with a denoising autoencoder.

A third of the cells of the table are NaN. Input: the cells (holes set to 0) plus the mask. The loss looks at the
known cells only, and a part of the known cells is hidden on purpose in each batch. Scored on the true values.
"""
import numpy as np
import torch
from torch import nn


class Imputer(nn.Module):
    def __init__(self, d, h=96):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(2 * d, h), nn.ReLU(),
            nn.Linear(h, h), nn.ReLU(),
            nn.Linear(h, d),
        )

    def forward(self, x, known):
        return self.net(torch.cat([x, known], dim=1))


def make_table(n=4000, d=16, seed=0):
    r = np.random.default_rng(seed)
    z = r.normal(size=(n, 3))
    a = r.normal(size=(3, d))
    full = np.tanh(z @ a) + 0.5 * np.sin(z @ r.normal(size=(3, d))) + 0.05 * r.normal(size=(n, d))
    full = (full - full.mean(0)) / full.std(0)
    holes = r.random((n, d)) < 0.33
    table = full.copy()
    table[holes] = np.nan
    return torch.tensor(table, dtype=torch.float32), torch.tensor(full, dtype=torch.float32)


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    table, full = make_table()
    known = (~torch.isnan(table)).float()
    model = Imputer(table.shape[1])
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    accumulate, bs = 2, 64
    step = 0
    for epoch in range(14):
        hide_p = 0.1 + 0.2 * min(1.0, epoch / 8)
        run, cnt = 0.0, 0
        for idx in torch.randperm(len(table)).split(bs):
            k = known[idx]
            show = k * (torch.rand_like(k) > hide_p)
            target = torch.nan_to_num(table[idx])
            out = model(target * show, show)
            weight = k * (1.0 + 2.0 * (k - show))
            loss = ((out - target) ** 2 * weight).sum() / weight.sum().clamp(min=1.0)
            (loss / accumulate).backward()
            step += 1
            if step % accumulate == 0:
                opt.step()
                opt.zero_grad()
            run += loss.item(); cnt += 1
        if epoch % 3 == 0:
            print(f"epoch {epoch:2d} hide {hide_p:.2f} masked mse {run / cnt:.4f}")
    with torch.no_grad():
        out = model(torch.nan_to_num(table), known)
    miss = known == 0
    print(f"mse in the holes {((out - full)[miss] ** 2).mean():.4f}, filling with the column mean {(full[miss] ** 2).mean():.4f}")


if __name__ == "__main__":
    main()
