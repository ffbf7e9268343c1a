"""Pretrain a denoising autoencoder, then train a classifier on its frozen encoder."""
import gzip
import os

import numpy as np
import torch
torch.set_num_threads(1)
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(4)
root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def load(prefix, n):
    with gzip.open(f"{root}/{prefix}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + n * 784), np.uint8, offset=16).reshape(n, 784)
    with gzip.open(f"{root}/{prefix}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    return torch.from_numpy(x.astype(np.float32) / 255), torch.from_numpy(y.astype(np.int64))


x_train, y_train = load("train", 6000)
x_test, y_test = load("t10k", 2000)

encoder = nn.Sequential(nn.Linear(784, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 64), nn.LayerNorm(64))
decoder = nn.Sequential(nn.Linear(64, 128), nn.LeakyReLU(0.1), nn.Linear(128, 784))

opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
for epoch in range(4):
    for idx in torch.randperm(len(x_train)).split(100):
        clean = x_train[idx]
        noisy = clean * (torch.rand_like(clean) > 0.3) / 0.7
        loss = F.mse_loss(decoder(encoder(noisy)), clean)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"pretrain {epoch}: {loss.item():.4f}")

for p in encoder.parameters():
    p.requires_grad_(False)
encoder.eval()

head = nn.Sequential(nn.Linear(64, 96), nn.GELU(), nn.Dropout(0.1), nn.Linear(96, 10))
opt = torch.optim.AdamW(head.parameters(), lr=2e-3)
for epoch in range(5):
    head.train()
    for idx in torch.randperm(len(x_train)).split(100):
        with torch.no_grad():
            z = encoder(x_train[idx])
        loss = F.cross_entropy(head(z), y_train[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"finetune {epoch}: {loss.item():.4f}")

head.eval()
with torch.no_grad():
    acc = (head(encoder(x_test)).argmax(1) == y_test).float().mean().item()
print(f"final accuracy {acc:.4f}")
