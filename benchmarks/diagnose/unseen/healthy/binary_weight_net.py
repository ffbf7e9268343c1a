"""Binarised weights and activations (Courbariaux et al. 2016).  Latent weights are kept in [-1, 1], sign() has the
clipped straight-through gradient."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(6)
torch.set_num_threads(1)


class SignSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return g * (x.abs() <= 1).type_as(g)


binarize = SignSTE.apply


class BinLinear(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.latent = nn.Parameter(torch.empty(o, i).uniform_(-0.3, 0.3))
        self.scale = i ** -0.5

    def forward(self, x):
        return F.linear(x, binarize(self.latent)) * self.scale


class BNN(nn.Module):
    def __init__(self, h=160):
        super().__init__()
        self.l1, self.n1 = BinLinear(64, h), nn.BatchNorm1d(h)
        self.l2, self.n2 = BinLinear(h, h), nn.BatchNorm1d(h)
        self.l3, self.n3 = BinLinear(h, 10), nn.BatchNorm1d(10)

    def forward(self, x):
        x = binarize(self.n1(self.l1(x)))
        x = binarize(self.n2(self.l2(x)))
        return self.n3(self.l3(x))

    @torch.no_grad()
    def clip(self):
        for m in (self.l1, self.l2, self.l3):
            m.latent.clamp_(-1, 1)


def squared_hinge(out, y):
    t = F.one_hot(y, 10).float() * 2 - 1
    return (1 - t * out).clamp(min=0).pow(2).sum(1).mean()


d = load_digits()
x, y = torch.tensor(d.data, dtype=torch.float32) / 8 - 1, torch.tensor(d.target)
p = torch.randperm(len(x))
tr, te = p[:1300], p[1300:]
net = BNN()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(24):
    net.train()
    run = 0.0
    for k in tr[torch.randperm(len(tr))].split(65):
        loss = squared_hinge(net(x[k]), y[k])
        opt.zero_grad()
        loss.backward()
        opt.step()
        net.clip()
        run += loss.item()
    for gr in opt.param_groups:
        gr["lr"] *= 0.93
    if epoch % 6 == 5:
        net.eval()
        with torch.no_grad():
            acc = (net(x[te]).argmax(1) == y[te]).float().mean().item()
        print(f"epoch {epoch + 1:2d}  hinge {run / 20:.3f}  accuracy {acc:.4f}")
print(f"test accuracy {acc:.4f}")
