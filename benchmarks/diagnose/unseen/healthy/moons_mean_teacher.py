import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
import copy

from sklearn.datasets import make_moons


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=60)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    x, y = make_moons(3000, noise=0.15, random_state=a.seed)
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    xl, yl, xu, xt, yt = x[:60], y[:60], x[60:2000], x[2000:], y[2000:]
    student = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 2))
    teacher = copy.deepcopy(student)
    for q in teacher.parameters():
        q.requires_grad_(False)
    dl = DataLoader(TensorDataset(xu), batch_size=60, shuffle=True)
    opt = torch.optim.Adam(student.parameters(), lr=3e-3)
    for ep in range(a.epochs):
        w = 5.0 * min(1.0, ep / 10)
        for (xb,) in dl:
            sup = F.cross_entropy(student(xl), yl)
            with torch.no_grad():
                target = teacher(xb + 0.05 * torch.randn_like(xb)).softmax(1)
            cons = F.mse_loss(student(xb + 0.05 * torch.randn_like(xb)).softmax(1), target)
            loss = sup + w * cons
            opt.zero_grad()
            loss.backward()
            opt.step()
            with torch.no_grad():
                for t, s in zip(teacher.parameters(), student.parameters()):
                    t.lerp_(s, 0.02)
        if (ep + 1) % 10 == 0:
            with torch.no_grad():
                acc = (teacher(xt).argmax(1) == yt).float().mean().item()
            print(f"epoch {ep + 1} sup {sup.item():.4f} cons {cons.item():.5f} teacher acc {acc:.4f}")


if __name__ == "__main__":
    main()
