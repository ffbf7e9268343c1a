import argparse

import torch
import torch.nn as nn
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=500)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    x, y = load_wine(return_X_y=True)
    xtr, xte, ytr, yte = train_test_split(x, y, test_size=0.3, stratify=y, random_state=a.seed)
    mean, std = xtr.mean(0), xtr.std(0)
    xtr, xte = (torch.tensor(v, dtype=torch.float32) for v in (xtr, xte))
    ytr, yte = torch.tensor(ytr), torch.tensor(yte)
    net = nn.Sequential(
        nn.Linear(13, 32), nn.Tanh(),
        nn.Linear(32, 16), nn.Tanh(),
        nn.Linear(16, 3))
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    crit = nn.CrossEntropyLoss()
    for ep in range(a.epochs):
        perm = torch.randperm(len(xtr))
        for i in range(0, len(xtr), 16):
            idx = perm[i:i + 16]
            loss = crit(net(xtr[idx]), ytr[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
        if (ep + 1) % 100 == 0:
            with torch.no_grad():
                tl = crit(net(xtr), ytr).item()
                acc = (net(xte).argmax(1) == yte).float().mean().item()
            print(f"epoch {ep + 1} train loss {tl:.4f} test acc {acc:.4f}")


if __name__ == "__main__":
    main()
