"""Learned ISTA (Gregor & LeCun): recover sparse codes with shared, unrolled layers."""
import os
import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
M, N, ROUNDS = 40, 80, 8

dictionary = torch.randn(M, N)
dictionary = dictionary / dictionary.norm(dim=0)


class Shrink(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, theta):
        out = torch.sign(x) * (x.abs() - theta).clamp(min=0)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad):
        (out,) = ctx.saved_tensors
        g = grad * (out != 0)
        return g, -(g * torch.sign(out)).sum(0)


def batch(n):
    code = torch.randn(n, N) * (torch.rand(n, N) < 0.06)
    return code, code @ dictionary.T + 0.01 * torch.randn(n, M)


def ista(y, lam=0.05, rounds=ROUNDS):
    step = 1 / torch.linalg.matrix_norm(dictionary, 2) ** 2
    z = torch.zeros(len(y), N)
    for _ in range(rounds):
        v = z + step * (y - z @ dictionary.T) @ dictionary
        z = torch.sign(v) * (v.abs() - lam * step).clamp(min=0)
    return z


class LISTA(nn.Module):
    def __init__(self):
        super().__init__()
        step = 1 / torch.linalg.matrix_norm(dictionary, 2) ** 2
        self.w = nn.Parameter(step * dictionary.clone())                       # M x N
        self.s = nn.Parameter(torch.eye(N) - step * dictionary.T @ dictionary)  # N x N
        self.theta = nn.Parameter(torch.full((N,), 0.05))

    def forward(self, y):
        drive = y @ self.w
        z = Shrink.apply(drive, self.theta)
        for _ in range(ROUNDS - 1):
            z = Shrink.apply(drive + z @ self.s, self.theta)
        return z


net = LISTA()
opt = torch.optim.NAdam(net.parameters(), lr=2e-3)
for step in range(1500):
    code, y = batch(128)
    loss = (net(y) - code).pow(2).sum(1).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 300 == 0:
        print(f"step {step} squared error {loss.item():.4f}")

with torch.no_grad():
    code, y = batch(2000)
    z = net(y)
    power = code.pow(2).sum(1).mean()
    ours = (z - code).pow(2).sum(1).mean() / power
    base = (ista(y) - code).pow(2).sum(1).mean() / power
    print(f"fraction of non-zero outputs {(z != 0).float().mean().item():.3f}")
print(f"relative error {ours.item():.4f}  plain ISTA with as many rounds {base.item():.4f}")
