"""Denoising autoencoder on MNIST strokes with a k-sparse code; sigmoid decoder with binary cross entropy."""
import gzip

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(77)
torch.set_num_threads(1)


def images(kind, n):
    with gzip.open(f"../shared/data/MNIST/raw/{kind}-images-idx3-ubyte.gz", "rb") as f:
        raw = np.frombuffer(f.read(16 + n * 784), np.uint8, offset=16).reshape(n, 28, 28)
    x = torch.from_numpy(raw.astype(np.float32) / 255).unsqueeze(1)
    return nn.functional.avg_pool2d(x, 2).flatten(1)


class KSparse(nn.Module):
    """Keep the k largest activations of each row."""

    def __init__(self, k):
        super().__init__()
        self.k = k

    def forward(self, h):
        thresh = h.topk(self.k, dim=1).values[:, -1:]
        return torch.where(h >= thresh, h, torch.zeros_like(h))


class Autoencoder(nn.Module):
    def __init__(self, n_in=196, code=96, k=14):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(n_in, 160), nn.BatchNorm1d(160), nn.ReLU(), nn.Linear(160, code), nn.BatchNorm1d(code), KSparse(k))
        self.decoder = nn.Sequential(nn.Linear(code, 160), nn.ReLU(), nn.Linear(160, n_in), nn.Sigmoid())

    def forward(self, x):
        return self.decoder(self.encoder(x))


def corrupt(x, gen):
    mask = (torch.rand(x.shape, generator=gen) > 0.25).float()
    return (x * mask + 0.1 * torch.randn(x.shape, generator=gen)).clamp(0, 1)


def train(model, loader, optimizer, criterion, gen):
    model.train()
    total = 0.0
    for (clean,) in loader:
        optimizer.zero_grad()
        loss = criterion(model(corrupt(clean, gen)), clean)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


@torch.no_grad()
def mse(model, x):
    model.eval()
    gen = torch.Generator().manual_seed(0)
    return ((model(corrupt(x, gen)) - x) ** 2).mean().item()


train_x, test_x = images("train", 4000), images("t10k", 800)
loader = DataLoader(TensorDataset(train_x), batch_size=64, shuffle=True)
model = Autoencoder()
criterion = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=4, T_mult=2)
gen = torch.Generator().manual_seed(4)

for epoch in range(12):
    loss = train(model, loader, optimizer, criterion, gen)
    scheduler.step()
    if epoch % 2 == 1:
        print(f"epoch {epoch + 1:2d} bce {loss:.4f} test mse {mse(model, test_x):.4f}")

baseline = ((train_x.mean(0) - test_x) ** 2).mean().item()
print(f"test mse {mse(model, test_x):.4f} (mean image {baseline:.4f})")
