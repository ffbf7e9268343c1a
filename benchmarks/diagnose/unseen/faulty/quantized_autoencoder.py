"""Compress MNIST digits into a small code of 8-level symbols."""
import gzip
import os

import numpy as np
import torch
torch.set_num_threads(1)
from torch import nn
from torch.nn import functional as F

DATA = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def mnist(split, count):
    with gzip.open(f"{DATA}/{split}-images-idx3-ubyte.gz") as f:
        raw = np.frombuffer(f.read(16 + count * 784), dtype=np.uint8, offset=16)
    return torch.tensor(raw.reshape(count, 1, 28, 28), dtype=torch.float32) / 255


class Encoder(nn.Module):
    def __init__(self, code):
        super().__init__()
        self.c1 = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.c2 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.fc = nn.Linear(16 * 7 * 7, code)

    def forward(self, x):
        x = F.leaky_relu(self.c1(x), 0.1)
        x = F.leaky_relu(self.c2(x), 0.1)
        return self.fc(x.flatten(1)).sigmoid()


class Decoder(nn.Module):
    def __init__(self, code):
        super().__init__()
        self.fc = nn.Linear(code, 128)
        self.out = nn.Linear(128, 784)

    def forward(self, z):
        return self.out(F.leaky_relu(self.fc(z), 0.1)).view(-1, 1, 28, 28)


class Codec(nn.Module):
    def __init__(self, code=12, levels=8):
        super().__init__()
        self.levels = levels
        self.encoder = Encoder(code)
        self.decoder = Decoder(code)

    def quantize(self, z):
        scale = self.levels - 1
        return torch.round(z * scale) / scale

    def forward(self, x):
        z = self.encoder(x)
        q = self.quantize(z)
        return self.decoder(q * 2 - 1)


def main():
    torch.manual_seed(21)
    train, test = mnist("train", 8000), mnist("t10k", 1000)
    codec = Codec()
    optimizer = torch.optim.Adam(codec.parameters(), lr=2e-3)
    for epoch in range(5):
        order = torch.randperm(len(train))
        losses = []
        for start in range(0, len(train), 100):
            batch = train[order[start:start + 100]]
            recon = codec(batch)
            loss = F.mse_loss(recon, batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f"epoch {epoch}: mse {np.mean(losses):.4f}")
    codec.eval()
    with torch.no_grad():
        explained = 1 - F.mse_loss(codec(test), test) / (test - train.mean(0)).pow(2).mean()
    print(f"final explained_variance {explained.item():.4f}")


if __name__ == "__main__":
    main()
