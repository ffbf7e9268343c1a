import argparse
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

def load(kind):
    root = os.path.join(os.environ["DATA_DIR"], "MNIST", "raw")
    with gzip.open(f"{root}/{kind}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(f"{root}/{kind}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)
    x = (torch.tensor(x.astype(np.float32)) / 255 - 0.1307) / 0.3081
    return x, torch.tensor(y.astype(np.int64))


class SignSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return torch.where(z >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, g):
        (z,) = ctx.saved_tensors
        return g * (z.abs() <= 1).float()


class BinaryAE(nn.Module):
    def __init__(self, bits=32):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, bits), nn.BatchNorm1d(bits))
        self.dec = nn.Sequential(nn.Linear(bits, 128), nn.ReLU(), nn.Linear(128, 784))

    def forward(self, x):
        return self.dec(SignSTE.apply(self.enc(x)))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=8)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    x = (load("train")[0].flatten(1) * 0.3081 + 0.1307)[:8000]
    xt = (load("t10k")[0].flatten(1) * 0.3081 + 0.1307)[:1000]
    base = F.mse_loss(x.mean(0).expand_as(xt), xt).item()
    dl = DataLoader(TensorDataset(x), batch_size=64, shuffle=True)
    net = BinaryAE()
    opt = torch.optim.Adam(net.parameters(), lr=5e-4)
    for ep in range(a.epochs):
        net.train()
        for (xb,) in dl:
            loss = F.binary_cross_entropy_with_logits(net(xb), xb)
            opt.zero_grad()
            loss.backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            mse = F.mse_loss(torch.sigmoid(net(xt)), xt).item()
        print(f"epoch {ep} loss {loss.item():.4f} mean-image mse {base:.4f} test mse {mse:.4f}")


if __name__ == "__main__":
    main()
