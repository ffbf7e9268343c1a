"""Compresses the 8x8 digits to 24 bits with a straight-through binary bottleneck."""
import os
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 1)))


class Binarize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, p):
        return (p > 0.5).float()

    @staticmethod
    def backward(ctx, grad):
        return grad


class BinaryAutoencoder(nn.Module):
    def __init__(self, n_in=64, bits=24):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(n_in, 96), nn.LeakyReLU(0.1),
            nn.Linear(96, bits))
        self.decoder = nn.Sequential(
            nn.Linear(bits, 96), nn.LeakyReLU(0.1),
            nn.Linear(96, n_in))

    def encode(self, x):
        return Binarize.apply(torch.sigmoid(self.encoder(x)))

    def forward(self, x):
        return self.decoder(self.encode(x))


images = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
perm = torch.randperm(len(images))
train, test = images[perm[:1400]], images[perm[1400:]]
loader = DataLoader(TensorDataset(train), batch_size=32, shuffle=True)

model = BinaryAutoencoder()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 20, 0.5)

for epoch in range(50):
    model.train()
    total = 0.0
    for (x,) in loader:
        loss = nn.functional.mse_loss(model(x), x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    scheduler.step()
    if (epoch + 1) % 10 == 0:
        print(f"epoch {epoch + 1}: train mse {total / len(train):.5f}")

model.eval()
with torch.no_grad():
    mse = nn.functional.mse_loss(model(test), test).item()
    used = model.encode(test).mean(0)
print(f"bits that vary: {((used > 0.02) & (used < 0.98)).sum().item()} of {len(used)}")
print(f"baseline mse (mean image): {((test - train.mean(0)) ** 2).mean().item():.5f}")
print(f"final test mse: {mse:.5f}")
