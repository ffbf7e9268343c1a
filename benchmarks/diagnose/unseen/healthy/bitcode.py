"""Autoencoder whose bottleneck is a 24-bit code."""
import torch
torch.set_num_threads(1)
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return torch.where(z >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, grad):
        (z,) = ctx.saved_tensors
        return grad * (z.abs() <= 2.0)


class BitCoder(nn.Module):
    def __init__(self, bits=24):
        super().__init__()
        self.e1, self.e2 = nn.Linear(64, 96), nn.Linear(96, bits)
        self.d1, self.d2 = nn.Linear(bits, 96), nn.Linear(96, 64)
        self.norm = nn.BatchNorm1d(bits, affine=False)

    def encode(self, x):
        return self.norm(self.e2(F.mish(self.e1(x))))

    def forward(self, x):
        z = self.encode(x)
        code = Sign.apply(z)
        return torch.sigmoid(self.d2(F.mish(self.d1(code)))), z, code


def binary_ce(p, x):
    return -(x * torch.log(p + 1e-6) + (1 - x) * torch.log(1 - p + 1e-6)).sum(1).mean()


torch.manual_seed(4)
pix = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
pix = pix[torch.randperm(len(pix))]
train, test = pix[:1400], pix[1400:]
coder = BitCoder()
opt = torch.optim.AdamW(coder.parameters(), lr=2e-3, weight_decay=1e-4)
for step in range(600):
    x = train[torch.randint(len(train), (64,))]
    out, z, code = coder(x)
    commit = (z - code.detach()).square().mean()
    loss = binary_ce(out, x) + 0.1 * commit
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 99:
        print(step + 1, round(loss.item(), 3), round(commit.item(), 3))
coder.eval()
with torch.no_grad():
    out, _, _ = coder(test)
    print("mean-image mse", round((test - train.mean(0)).square().mean().item(), 5))
    print("final mse", round((out - test).square().mean().item(), 5))
