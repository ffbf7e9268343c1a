"""Quantisation-aware training (LSQ-ish): 4-bit weights and activations, straight-through rounding."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class RoundSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v):
        return torch.round(v)

    @staticmethod
    def backward(ctx, g):
        return g


def quant_weight(w, bits):
    q = 2 ** (bits - 1) - 1
    s = w.detach().abs().amax() / q
    return RoundSTE.apply((w / s).clamp(-q, q)) * s


class QAct(nn.Module):
    def __init__(self, bits, top=3.0):
        super().__init__()
        self.levels = 2 ** bits - 1
        self.top = nn.Parameter(torch.tensor(top))

    def forward(self, x):
        x = F.relu(x)
        u = torch.minimum(x / self.top, torch.ones(()))
        return RoundSTE.apply(u * self.levels) / self.levels * self.top


class QConv(nn.Conv2d):
    bits = 4

    def forward(self, x):
        return F.conv2d(x, quant_weight(self.weight, self.bits), self.bias, self.stride, self.padding)


class QLinear(nn.Linear):
    bits = 4

    def forward(self, x):
        return F.linear(x, quant_weight(self.weight, self.bits), self.bias)


def build():
    return nn.Sequential(
        QConv(1, 16, 3, padding=1), QAct(4),
        QConv(16, 24, 3, stride=2, padding=1), QAct(4),
        nn.Flatten(), QLinear(24 * 16, 48), QAct(4), nn.Linear(48, 10),
    )


torch.manual_seed(23)
d = load_digits()
x = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1)
x = (x - x.mean()) / x.std()
y = torch.tensor(d.target)
p = torch.randperm(len(y))
x, y = x[p], y[p]
xtr, ytr, xte, yte = x[:1300], y[:1300], x[1300:], y[1300:]

net = build()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
EPOCHS = 18
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, EPOCHS, eta_min=1e-5)
for ep in range(EPOCHS):
    net.train()
    tot = 0.0
    for b in torch.randperm(len(xtr)).split(64):
        loss = F.cross_entropy(net(xtr[b]), ytr[b])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        tot += loss.item() * len(b)
    sched.step()
    if ep % 3 == 0 or ep == EPOCHS - 1:
        net.eval()
        with torch.no_grad():
            acc = (net(xte).argmax(1) == yte).float().mean()
        print(f"epoch {ep:2d} loss {tot / len(xtr):.4f} acc {acc:.4f}")
