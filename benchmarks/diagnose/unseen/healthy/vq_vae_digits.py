"""VQ-VAE on MNIST with a learned codebook."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def load_images(fname, n):
    with gzip.open(os.path.join(RAW, fname)) as f:
        f.read(16)
        data = np.frombuffer(f.read(n * 784), np.uint8)
    return torch.from_numpy(data.reshape(n, 1, 28, 28).astype(np.float32) / 255)


class VectorQuantizer(nn.Module):
    def __init__(self, n_codes, dim, beta=0.25):
        super().__init__()
        self.codebook = nn.Parameter(torch.randn(n_codes, dim) )
        self.beta = beta

    def forward(self, z):
        flat = z.permute(0, 2, 3, 1).reshape(-1, z.size(1))
        with torch.no_grad():
            index = torch.cdist(flat, self.codebook).argmin(1)
        q = self.codebook[index]
        loss = F.mse_loss(q, flat.detach()) + self.beta * F.mse_loss(flat, q.detach())
        q = flat + (q - flat).detach()
        q = q.view(z.size(0), z.size(2), z.size(3), -1).permute(0, 3, 1, 2)
        return q, loss, index


class VQVAE(nn.Module):
    def __init__(self, dim=8, n_codes=64):
        super().__init__()
        self.enc1 = nn.Conv2d(1, 16, 4, stride=2, padding=1)
        self.enc2 = nn.Conv2d(16, 32, 4, stride=2, padding=1)
        self.to_code = nn.Sequential(nn.Conv2d(32, dim, 1), nn.BatchNorm2d(dim))
        self.vq = VectorQuantizer(n_codes, dim)
        self.dec1 = nn.ConvTranspose2d(dim, 16, 4, stride=2, padding=1)
        self.dec2 = nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1)

    def forward(self, x):
        h = F.relu(self.enc1(x))
        h = F.relu(self.enc2(h))
        q, vq_loss, index = self.vq(self.to_code(h))
        return self.dec2(F.relu(self.dec1(q))), vq_loss, index


def main():
    torch.manual_seed(0)
    train = load_images("train-images-idx3-ubyte.gz", 3000)
    test = load_images("t10k-images-idx3-ubyte.gz", 500)
    model = VQVAE()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(5):
        for x in train[torch.randperm(len(train))].split(64):
            out, vq_loss, _ = model(x)
            loss = F.binary_cross_entropy_with_logits(out, x) + vq_loss
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"epoch {epoch} loss {loss.item():.4f}")
    model.eval()
    with torch.no_grad():
        out, _, index = model(test)
        mse = F.mse_loss(torch.sigmoid(out), test).item()
    print("codes used", index.unique().numel())
    print("baseline mean-image mse", round(F.mse_loss(train.mean(0, keepdim=True).expand_as(test), test).item(), 5))
    print("test mse", round(mse, 5))


if __name__ == "__main__":
    main()
