import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer


class Net(nn.Module):
    def __init__(self, d=30, h=64, depth=5):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(d if i == 0 else h, h) for i in range(depth)])
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(h, 2)
        for m in self.layers:
            nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
            nn.init.zeros_(m.bias)

    def forward(self, x):
        for m in self.layers:
            x = self.drop(F.selu(m(x)))
        return self.out(x)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=40)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--accum", type=int, default=2)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    x, y = load_breast_cancer(return_X_y=True)
    x = torch.tensor((x - x.mean(0)) / x.std(0), dtype=torch.float32)
    y = torch.tensor(y)
    net = Net()
    opt = torch.optim.AdamW(net.parameters(), lr=5e-4, weight_decay=0.1)
    for ep in range(a.epochs):
        net.train()
        perm = torch.randperm(400)
        opt.zero_grad()
        for k, i in enumerate(range(0, 400, 25)):
            idx = perm[i:i + 25]
            loss = F.cross_entropy(net(x[idx]), y[idx])
            (loss / a.accum).backward()
            if (k + 1) % a.accum == 0:
                opt.step()
                opt.zero_grad()
        if (ep + 1) % 10 == 0:
            net.eval()
            with torch.no_grad():
                acc = (net(x[400:]).argmax(1) == y[400:]).float().mean().item()
            print(f"epoch {ep + 1} loss {loss.item():.4f} test acc {acc:.4f}")


if __name__ == "__main__":
    main()
