import gzip
import os

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
ROOT = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def read_images(name, n):
    with gzip.open(os.path.join(ROOT, name), "rb") as f:
        f.read(16)
        return np.frombuffer(f.read(n * 784), dtype=np.uint8).reshape(n, 784)


train = torch.tensor(read_images("train-images-idx3-ubyte.gz", 6000) / 255.0, dtype=torch.float32)
test = torch.tensor(read_images("t10k-images-idx3-ubyte.gz", 1000) / 255.0, dtype=torch.float32)


def block(i, o):
    return nn.Sequential(nn.Linear(i, o), nn.Sigmoid())


class DenoisingAE(nn.Module):
    def __init__(self, widths=(784, 256, 128, 64, 32)):
        super().__init__()
        enc = [block(a, b) for a, b in zip(widths[:-1], widths[1:])]
        rev = widths[::-1]
        dec = [block(a, b) for a, b in zip(rev[:-2], rev[1:-1])]
        self.encoder = nn.Sequential(*enc)
        self.decoder = nn.Sequential(*dec, nn.Linear(rev[-2], rev[-1]))

    def forward(self, x):
        return self.decoder(self.encoder(x))


model = DenoisingAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=25)

g = torch.Generator().manual_seed(1)
test_noisy = (test + 0.3 * torch.randn(test.shape, generator=g)).clamp(0, 1)
for epoch in range(25):
    perm = torch.randperm(len(train))
    losses = []
    for i in range(0, len(train), 100):
        clean = train[perm[i:i + 100]]
        noisy = (clean + 0.3 * torch.randn_like(clean)).clamp(0, 1)
        loss = F.mse_loss(torch.sigmoid(model(noisy)), clean)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    scheduler.step()
    print(f"epoch {epoch} loss {sum(losses) / len(losses):.4f}")

with torch.no_grad():
    mse = F.mse_loss(torch.sigmoid(model(test_noisy)), test).item()
print(f"test_reconstruction_mse {mse:.5f}")
