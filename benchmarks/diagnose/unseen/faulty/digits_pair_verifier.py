import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class Embed(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, stride=2), nn.ReLU(),
            nn.Flatten(), nn.Linear(256, 16))

    def forward(self, x):
        return self.net(x)


def pair_distance(u, v):
    return torch.sqrt(((u - v) ** 2).sum(1))


def contrastive(d, same, margin=2.0):
    return (same * d ** 2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def sample(x, by_class, n):
    c1 = torch.randint(0, 10, (n,))
    same = torch.rand(n) < 0.5
    c2 = torch.where(same, c1, (c1 + torch.randint(1, 10, (n,))) % 10)
    pick = lambda c: by_class[c][torch.randint(0, len(by_class[c]), (1,)).item()]
    i = torch.stack([pick(c) for c in c1.tolist()])
    j = torch.stack([pick(c) for c in c2.tolist()])
    return x[i], x[j], same.float()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    x, y = load_digits(return_X_y=True)
    x = torch.tensor(x, dtype=torch.float32).view(-1, 1, 8, 8) / 16
    y = torch.tensor(y)
    train = [torch.nonzero(y[:1400] == c).squeeze(1) for c in range(10)]
    test = [1400 + torch.nonzero(y[1400:] == c).squeeze(1) for c in range(10)]
    net = Embed()
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    for ep in range(a.epochs):
        for _ in range(50):
            xa, xb, same = sample(x, train, 64)
            loss = contrastive(pair_distance(net(xa), net(xb)), same)
            opt.zero_grad()
            loss.backward()
            opt.step()
        with torch.no_grad():
            xa, xb, same = sample(x, test, 1000)
            acc = ((pair_distance(net(xa), net(xb)) < 1.0).float() == same).float().mean().item()
        print(f"epoch {ep} loss {loss.item():.4f} pair acc {acc:.4f}")


if __name__ == "__main__":
    main()
