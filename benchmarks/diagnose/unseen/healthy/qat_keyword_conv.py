"""Quantisation-aware training of a small 1-D conv net for an 8-bit microcontroller.

Weights are fake-quantised to 4 bits, activations to 4 bits with a learned clip (PACT).
Float weights keep the update; the forward pass only ever sees the quantised grid.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(64)


class RoundSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return torch.round(x)

    @staticmethod
    def backward(ctx, g):
        return g


def quant_weight(w, bits=4):
    top = 2 ** (bits - 1) - 1
    s = w.detach().abs().amax(dim=tuple(range(1, w.dim())), keepdim=True) / top + 1e-8
    return RoundSTE.apply(w / s) * s


class PACT(nn.Module):
    def __init__(self, bits=4, clip=4.0):
        super().__init__()
        self.levels = 2 ** bits - 1
        self.alpha = nn.Parameter(torch.tensor(clip))

    def forward(self, x):
        y = 0.5 * (x.abs() - (x - self.alpha).abs() + self.alpha)   # clip to [0, alpha]
        s = self.alpha / self.levels
        return RoundSTE.apply(y / s) * s


class QConv(nn.Conv1d):
    def forward(self, x):
        return F.conv1d(x, quant_weight(self.weight), self.bias, self.stride, self.padding)


class QLinear(nn.Linear):
    def forward(self, x):
        return F.linear(x, quant_weight(self.weight), self.bias)


def stage(a, b, k, s):
    return nn.Sequential(QConv(a, b, k, s, k // 2, bias=False), nn.BatchNorm1d(b), PACT())


class KeywordNet(nn.Module):
    def __init__(self, classes=6):
        super().__init__()
        self.features = nn.Sequential(stage(1, 16, 9, 2), stage(16, 24, 5, 2), stage(24, 32, 5, 2))
        self.classify = QLinear(32, classes)

    def forward(self, x):
        return self.classify(self.features(x).mean(-1))


def clips(n, length=96):
    t = torch.arange(length) / length
    y = torch.randint(0, 6, (n,))
    f0 = torch.tensor([5.0, 5.0, 11.0, 11.0, 20.0, 20.0])[y] + 0.4 * torch.randn(n)
    sweep = torch.tensor([0.0, 9.0, 0.0, 9.0, 0.0, 9.0])[y]
    phase = 2 * math.pi * (f0[:, None] * t + 0.5 * sweep[:, None] * t ** 2 + torch.rand(n, 1))
    env = torch.exp(-((t - 0.3 - 0.4 * torch.rand(n, 1)) / 0.3) ** 2)
    return (env * torch.sin(phase) + 0.1 * torch.randn(n, length))[:, None], y


def main():
    xtr, ytr = clips(2400)
    xte, yte = clips(800)
    net = KeywordNet()
    alphas = [p for n, p in net.named_parameters() if n.endswith("alpha")]
    others = [p for n, p in net.named_parameters() if not n.endswith("alpha")]
    opt = torch.optim.AdamW([
        {"params": others, "weight_decay": 1e-4},
        {"params": alphas, "weight_decay": 1e-2},
    ], lr=4e-3)
    epochs, bs = 7, 48
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, epochs * len(xtr) // bs)
    for ep in range(epochs):
        net.train()
        tot = 0.0
        for b in torch.randperm(len(xtr)).split(bs):
            loss = F.cross_entropy(net(xtr[b]), ytr[b])
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            tot += loss.item() * len(b)
        net.eval()
        with torch.no_grad():
            acc = (net(xte).argmax(1) == yte).float().mean().item()
        print(f"epoch {ep} loss {tot / len(xtr):.4f} acc {acc:.3f} clips " + " ".join(f"{a.item():.2f}" for a in alphas))
    print(f"4-bit accuracy {acc:.4f} (chance {1 / 6:.3f})")


if __name__ == "__main__":
    main()
