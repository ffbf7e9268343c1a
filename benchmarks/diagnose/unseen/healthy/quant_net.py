"""Quantisation-aware training: 3-bit weights and 4-bit activations with straight-through gradients."""
import torch
import torch.nn as nn
from sklearn.datasets import load_digits


class RoundSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return torch.round(x)

    @staticmethod
    def backward(ctx, g):
        return g                                   # straight-through


def fake_quant(x, scale, lo, hi):
    return RoundSTE.apply(torch.clamp(x / scale, lo, hi)) * scale


class QLinear(nn.Linear):
    def forward(self, x):
        scale = self.weight.detach().abs().amax(1, keepdim=True) / 3
        return nn.functional.linear(x, fake_quant(self.weight, scale, -3, 3), self.bias)


class QReLU(nn.Module):
    def __init__(self, bits=4):
        super().__init__()
        self.levels = 2 ** bits - 1

    def forward(self, x):
        return fake_quant(x, 4.0 / self.levels, 0, self.levels)


torch.manual_seed(0)
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16, dtype=torch.float), torch.tensor(y)
perm = torch.randperm(len(X))
tr, te = perm[:1400], perm[1400:]
net = nn.Sequential(QLinear(64, 96), nn.BatchNorm1d(96), QReLU(), QLinear(96, 96), nn.BatchNorm1d(96), QReLU(),
                    QLinear(96, 10))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=30)
for epoch in range(30):
    net.train()
    for i in tr[torch.randperm(len(tr))].split(70):
        loss = nn.functional.cross_entropy(net(X[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    sched.step()
    if epoch % 5 == 4:
        net.eval()
        with torch.no_grad():
            print(epoch + 1, round(loss.item(), 4), "acc", (net(X[te]).argmax(1) == y[te]).float().mean().item())
