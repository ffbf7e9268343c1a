"""Sparsely gated mixture of experts (Shazeer et al. 2017), top-2 of 8 experts with noisy gating and the
load-balancing loss of Switch/GShard, fitted to a target with several regimes.  Batched experts via einsum."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class NoisyTop2(nn.Module):
    def __init__(self, d, n):
        super().__init__()
        self.w = nn.Parameter(torch.randn(d, n) * 0.05)
        self.noise = nn.Parameter(torch.zeros(d, n))
        self.n = n

    def forward(self, x):
        clean = x @ self.w
        logits = clean
        if self.training:
            logits = clean + torch.randn_like(clean) * F.softplus(x @ self.noise - 1.0)
        top, idx = logits.topk(2, dim=1)
        gate = torch.zeros_like(logits).scatter(1, idx, F.softmax(top, 1))
        share = F.one_hot(idx[:, 0], self.n).float().mean(0)
        balance = self.n * (share * F.softmax(clean, 1).mean(0)).sum()
        return gate, balance


class Experts(nn.Module):
    def __init__(self, n, d, h, o):
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(n, d, h) * math.sqrt(2 / d))
        self.b1 = nn.Parameter(torch.zeros(n, h))
        self.w2 = nn.Parameter(torch.randn(n, h, o) * math.sqrt(1 / h))
        self.b2 = nn.Parameter(torch.zeros(n, o))

    def forward(self, x, gate):
        h = F.relu(torch.einsum("bd,ndh->bnh", x, self.w1) + self.b1)
        y = torch.einsum("bnh,nho->bno", h, self.w2) + self.b2
        return (gate.unsqueeze(-1) * y).sum(1)


class MoE(nn.Module):
    def __init__(self, d, n=8, h=24):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(d, 24), nn.Tanh())
        self.router = NoisyTop2(24, n)
        self.experts = Experts(n, d, h, 1)

    def forward(self, x):
        gate, balance = self.router(self.features(x))
        return self.experts(x, gate).squeeze(1), balance, gate


def target(x):
    region = (x[:, 0] > 0).long() * 2 + (x[:, 1] > 0).long()
    fs = torch.stack([x[:, 2] * 2, -x[:, 2] + x[:, 3].abs(), x[:, 3] * 1.5 - 1, (x[:, 2] + x[:, 4]).relu() + 0.5], 1)
    return fs.gather(1, region[:, None]).squeeze(1)


def main():
    torch.set_num_threads(1)
    torch.manual_seed(9)
    x, xt = torch.rand(6000, 6) * 2 - 1, torch.rand(1500, 6) * 2 - 1
    y, yt = target(x) + 0.02 * torch.randn(6000), target(xt)
    net = MoE(6)
    opt = torch.optim.Adam(net.parameters(), lr=8e-3)
    steps = 700
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1, (s + 1) / 50) * (1 - s / steps))
    for s in range(steps):
        k = torch.randint(0, len(x), (200,))
        out, balance, gate = net(x[k])
        loss = F.mse_loss(out, y[k]) + 0.1 * balance
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if s % 100 == 0:
            print(f"step {s:4d} loss {loss.item():.4f} load {(gate > 0).float().mean(0).mul(100).round().int().tolist()}")
    net.eval()
    with torch.no_grad():
        out, _, gate = net(xt)
    print(f"test mse {F.mse_loss(out, yt).item():.4f} (variance {yt.var().item():.4f}); expert load "
          f"{(gate > 0).float().mean(0).mul(100).round().int().tolist()} %")


if __name__ == "__main__":
    main()
