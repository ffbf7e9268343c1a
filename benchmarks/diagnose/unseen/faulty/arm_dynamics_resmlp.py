import argparse
import torch
import torch.nn as nn
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)


def two_link_torque(q, dq, ddq, m1=1.0, m2=0.8, l1=1.0, l2=0.7, g=9.8):
    c2, s2 = torch.cos(q[:, 1]), torch.sin(q[:, 1])
    m11 = (m1 + m2) * l1 ** 2 + m2 * l2 ** 2 + 2 * m2 * l1 * l2 * c2
    m12 = m2 * l2 ** 2 + m2 * l1 * l2 * c2
    h = m2 * l1 * l2 * s2
    g2 = m2 * g * l2 * torch.cos(q[:, 0] + q[:, 1])
    g1 = (m1 + m2) * g * l1 * torch.cos(q[:, 0]) + g2
    t1 = m11 * ddq[:, 0] + m12 * ddq[:, 1] - h * (2 * dq[:, 0] * dq[:, 1] + dq[:, 1] ** 2) + g1
    t2 = m12 * ddq[:, 0] + m2 * l2 ** 2 * ddq[:, 1] + h * dq[:, 0] ** 2 + g2
    return torch.stack([t1, t2], 1)


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1 = nn.Linear(width, width)
        self.fc2 = nn.Linear(width, width)

    def forward(self, x):
        return torch.tanh(self.fc2(torch.tanh(self.fc1(x))))


class TorqueNet(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.stem = nn.Linear(6, width)
        self.blocks = nn.ModuleList([Block(width) for _ in range(depth)])
        self.head = nn.Linear(width, 2)

    def forward(self, x):
        x = torch.tanh(self.stem(x))
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=False)
        return self.head(x)


def sample(n):
    q = (torch.rand(n, 2) * 2 - 1) * 3.14159
    dq, ddq = torch.randn(n, 2), torch.randn(n, 2)
    return torch.cat([q, dq, ddq], 1), two_link_torque(q, dq, ddq)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--width", type=int, default=64)
    p.add_argument("--depth", type=int, default=18)
    p.add_argument("--epochs", type=int, default=8)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--batch-size", type=int, default=128)
    p.add_argument("--seed", type=int, default=0)
    args = p.parse_args()
    torch.manual_seed(args.seed)
    xtr, ytr = sample(8000)
    xte, yte = sample(2000)
    mu, sd = ytr.mean(0), ytr.std(0)
    ytr, yte = (ytr - mu) / sd, (yte - mu) / sd
    loader = DataLoader(TensorDataset(xtr, ytr), args.batch_size, shuffle=True)
    model = TorqueNet(args.width, args.depth)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, 2 * args.lr, total_steps=args.epochs * len(loader))
    for epoch in range(args.epochs):
        tot = 0.0
        for x, y in loader:
            loss = nn.functional.mse_loss(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            tot += loss.item()
        print(f"[{epoch}] train mse {tot / len(loader):.4f}")
    with torch.no_grad():
        mse = nn.functional.mse_loss(model(xte), yte).item()
    print(f"final_metric r2 {1 - mse / yte.var().item():.4f}")


if __name__ == "__main__":
    main()
