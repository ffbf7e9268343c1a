# %% imports
import gzip
import os

import numpy as np
import torch
import torch.nn as nn

# %% data
torch.manual_seed(1234)
np.random.seed(1234)
root = os.environ.get("DATA_DIR", "../shared/data")
path = os.path.join(root, "MNIST", "raw", "t10k-images-idx3-ubyte.gz")
with gzip.open(path, "rb") as f:
    f.read(16)
    buf = f.read()
images = np.frombuffer(buf, dtype=np.uint8).reshape(-1, 784).astype(np.float32) / 255.0
train_images = images[:7000]
valid_images = images[7000:]
mean_image = train_images.mean(axis=0)
baseline = float(((valid_images - mean_image) ** 2).mean())
print("train", train_images.shape, "valid", valid_images.shape, "mean-image mse", round(baseline, 5))

# %% encoder and decoder
encoder = nn.Sequential(
    nn.Linear(784, 128),
    nn.ELU(),
    nn.Linear(128, 8),
)
decoder = nn.Sequential(
    nn.Linear(8, 128),
    nn.ELU(),
    nn.Linear(128, 784),
    nn.Sigmoid(),
)

# %% optimizer
params = list(encoder.parameters()) + list(decoder.parameters())
optimizer = torch.optim.Adam(params, lr=2e-3)
loss_fn = nn.MSELoss()

# %% train
n = len(train_images)
batch = 100
codes = np.zeros((n, 8), dtype=np.float32)
step = 0
for epoch in range(6):
    order = np.random.permutation(n)
    total = 0.0
    for start in range(0, n, batch):
        idx = order[start:start + batch]
        x = torch.from_numpy(train_images[idx])
        z = encoder(x)
        codes[idx] = z.detach().numpy()
        z = torch.from_numpy(codes[idx])
        recon = decoder(z)
        loss = loss_fn(recon, x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
        step += 1
        if step % 50 == 0:
            print(f"\rstep {step:5d} loss {loss.item():.5f}", end="\n")
    with torch.no_grad():
        xv = torch.from_numpy(valid_images)
        v = loss_fn(decoder(encoder(xv)), xv).item()
    print(f"epoch {epoch}  train mse {total / n:.5f}  valid mse {v:.5f}")

# %% summary
print("code std per dim", np.round(codes.std(axis=0), 3))
print("final valid mse", round(v, 5), "of baseline", round(v / baseline, 3))
