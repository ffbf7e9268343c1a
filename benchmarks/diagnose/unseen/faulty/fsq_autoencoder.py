"""Autoencoder with a finite scalar quantisation bottleneck on MNIST."""
import argparse
import gzip
import os
import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)


def images(name, n):
    root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST/raw")
    with gzip.open(os.path.join(root, name)) as f:
        a = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)[:n]
    return torch.tensor(a, dtype=torch.float32) / 255


class FSQ(nn.Module):
    """Bounds every channel to +-half and snaps it onto the integer grid."""

    def __init__(self, levels):
        super().__init__()
        self.half = (levels - 1) / 2

    def forward(self, z):
        z = self.half * z.tanh()
        z_hat = torch.round(z)
        return z_hat / self.half


class Autoencoder(nn.Module):
    def __init__(self, codes, levels, width):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, width), nn.GELU(), nn.Linear(width, codes))
        self.quantise = FSQ(levels)
        self.decoder = nn.Sequential(nn.Linear(codes, width), nn.GELU(), nn.Linear(width, 784))

    def forward(self, x):
        return self.decoder(self.quantise(self.encoder(x)))


def evaluate(model, x):
    model.eval()
    with torch.no_grad():
        err = (model(x) - x).square().mean().item()
    model.train()
    return err


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--codes", type=int, default=10)
    ap.add_argument("--levels", type=int, default=7)
    ap.add_argument("--width", type=int, default=192)
    ap.add_argument("--epochs", type=int, default=8)
    ap.add_argument("--batch", type=int, default=100)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--seed", type=int, default=0)
    args = ap.parse_args()
    torch.manual_seed(args.seed)

    train, test = images("train-images-idx3-ubyte.gz", 6000), images("t10k-images-idx3-ubyte.gz", 1000)
    print(f"mean-image mse {(test - train.mean(0)).square().mean().item():.5f}")
    model = Autoencoder(args.codes, args.levels, args.width)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        for idx in torch.randperm(len(train)).split(args.batch):
            x = train[idx]
            loss = (model(x) - x).square().mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"epoch {epoch} train {loss.item():.5f} test {evaluate(model, test):.5f}")
    print(f"final test mse {evaluate(model, test):.5f}")


if __name__ == "__main__":
    main()
