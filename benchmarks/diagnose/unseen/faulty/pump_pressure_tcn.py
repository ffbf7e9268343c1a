"""Leak classification from pump pressure traces (port of the 2019 Keras prototype).

Each trace is 96 samples of line pressure in kPa. Classes: normal, slow leak,
burst, cavitation.
"""
import math
import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(3)

T = 96
CLASSES = ["normal", "slow leak", "burst", "cavitation"]


def make_traces(n, gen):
    t = torch.arange(T, dtype=torch.float32)
    y = torch.randint(0, 4, (n,), generator=gen)
    base = 400 + 20 * torch.randn(n, 1, generator=gen)
    x = base + 4 * torch.randn(n, T, generator=gen)
    start = torch.randint(15, 70, (n, 1), generator=gen).float()
    after = (t[None] >= start).float()
    ramp = (t[None] - start).clamp(min=0)
    x = x - (y == 1).float()[:, None] * ramp * 0.7
    x = x - (y == 2).float()[:, None] * after * 28 * torch.exp(-ramp / 6)
    x = x + (y == 3).float()[:, None] * after * 9 * torch.sin(2 * math.pi * t[None] / 3.1)
    return x.unsqueeze(1), y


class ConvStage(nn.Module):
    def __init__(self, cin, cout, k, stride):
        super().__init__()
        self.conv = nn.Conv1d(cin, cout, k, stride=stride, padding=k // 2)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.conv(x))


class LeakNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stage1 = ConvStage(1, 24, 7, 2)
        self.stage2 = ConvStage(24, 32, 5, 2)
        self.stage3 = ConvStage(32, 48, 5, 2)
        self.fc = nn.Linear(48 * 2, 4)

    def forward(self, x):
        h = self.stage3(self.stage2(self.stage1(x)))
        h = torch.cat([h.mean(-1), h.amax(-1)], dim=1)
        return self.fc(h)


def main():
    gen = torch.Generator().manual_seed(11)
    xtr, ytr = make_traces(2400, gen)
    xte, yte = make_traces(800, gen)

    net = LeakNet()
    opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    sched = torch.optim.lr_scheduler.StepLR(opt, step_size=6, gamma=0.5)
    lossf = nn.CrossEntropyLoss()

    for epoch in range(12):
        net.train()
        tot = 0.0
        perm = torch.randperm(len(xtr), generator=gen)
        for i in range(0, len(xtr), 64):
            idx = perm[i:i + 64]
            opt.zero_grad()
            loss = lossf(net(xtr[idx]), ytr[idx])
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            opt.step()
            tot += loss.item() * len(idx)
        sched.step()
        net.eval()
        with torch.no_grad():
            acc = (net(xte).argmax(1) == yte).float().mean().item()
        print(f"epoch {epoch + 1:2d}  loss {tot / len(xtr):.4f}  val acc {acc:.3f}")
    print(f"final accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
