import gzip
import os
import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
folder = os.environ.get("DATA_DIR", "../shared/data") + "/MNIST/raw"


def images(name, n):
    with gzip.open(f"{folder}/{name}-images-idx3-ubyte.gz") as f:
        a = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 28, 28)[:n]
    x = torch.tensor(a, dtype=torch.float32)[:, None] / 255
    return nn.functional.avg_pool2d(x, 2).flatten(1)


class HardBits(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return (z > 0).to(z.dtype) * 2 - 1

    @staticmethod
    def backward(ctx, grad):
        z, = ctx.saved_tensors
        return grad * (z.abs() <= 1.5).to(grad.dtype)


class BinaryAE(nn.Module):
    def __init__(self, bits=32):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(196, 128), nn.GELU(), nn.Linear(128, bits), nn.LayerNorm(bits))
        self.decoder = nn.Sequential(nn.Linear(bits, 128), nn.GELU(), nn.Linear(128, 196), nn.Sigmoid())

    def forward(self, x):
        code = HardBits.apply(self.encoder(x))
        return self.decoder(code), code


train, test = images("train", 12000), images("t10k", 2000)
net = BinaryAE()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
bce = nn.BCELoss()
for epoch in range(8):
    total = 0.0
    for idx in torch.randperm(len(train)).split(100):
        rec, _ = net(train[idx])
        loss = bce(rec, train[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    print(f"epoch {epoch} bce {total / len(train):.4f}")

with torch.no_grad():
    rec, code = net(test)
    mse = (rec - test).square().mean().item()
    base = (train.mean(0) - test).square().mean().item()
print(f"reconstruction mse {mse:.4f} (mean image {base:.4f}), bit balance {code.mean(0).abs().mean().item():.3f}")
