import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import make_friedman1


def lecun(m):
    if isinstance(m, nn.Linear):
        nn.init.kaiming_normal_(m.weight, mode="fan_in", nonlinearity="linear")
        nn.init.zeros_(m.bias)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=60)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    x, y = make_friedman1(2500, n_features=10, noise=0.5, random_state=a.seed)
    x = torch.tensor((x - x.mean(0)) / x.std(0), dtype=torch.float32)
    y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32)
    dl = DataLoader(TensorDataset(x[:2000], y[:2000]), batch_size=50, shuffle=True)
    layers, d = [], 10
    for _ in range(8):
        layers += [nn.Linear(d, 64), nn.SELU()]
        d = 64
    net = nn.Sequential(*layers, nn.AlphaDropout(0.05), nn.Linear(64, 1))
    net.apply(lecun)
    opt = torch.optim.SGD(net.parameters(), lr=0.005, momentum=0.9)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, a.epochs)
    for ep in range(a.epochs):
        net.train()
        for xb, yb in dl:
            loss = F.mse_loss(net(xb).squeeze(1), yb)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            opt.step()
        sched.step()
        net.eval()
        if (ep + 1) % 10 == 0:
            with torch.no_grad():
                r2 = 1 - F.mse_loss(net(x[2000:]).squeeze(1), y[2000:]) / y[2000:].var()
            print(f"epoch {ep + 1} loss {loss.item():.4f} test r2 {r2.item():.4f}")


if __name__ == "__main__":
    main()
