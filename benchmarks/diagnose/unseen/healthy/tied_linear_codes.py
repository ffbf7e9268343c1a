import os
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))

images = load_digits().data.astype(np.float32) / 16
rng = np.random.default_rng(0)
order = rng.permutation(len(images))
train, test = images[order[:1400]], images[order[1400:]]


class TiedCodes(nn.Module):
    """Linear encoder stages, the decoder uses the same matrices transposed."""

    def __init__(self, sizes=(64, 32, 10), mean=None):
        super().__init__()
        self.stages = nn.ParameterList(
            [nn.Parameter(torch.randn(a, b) / a ** 0.5) for a, b in zip(sizes, sizes[1:])])
        self.mean = nn.Parameter(mean.clone())

    def encode(self, x):
        h = x - self.mean
        for w in self.stages:
            h = torch.einsum("ni,io->no", h, w)
        return h

    def forward(self, x):
        h = self.encode(x)
        for w in reversed(list(self.stages)):
            h = torch.einsum("no,io->ni", h, w)
        return h + self.mean


xtr, xte = torch.from_numpy(train), torch.from_numpy(test)
model = TiedCodes(mean=xtr.mean(0))
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=60 * 22)
for epoch in range(60):
    total = 0.0
    for idx in torch.randperm(len(xtr)).split(64):
        loss = (model(xtr[idx]) - xtr[idx]).square().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        total += loss.item() * len(idx)
    if epoch % 10 == 0:
        print(f"epoch {epoch} mse {total / len(xtr):.5f}")

with torch.no_grad():
    mse = (model(xte) - xte).square().mean().item()
pca = PCA(10).fit(train)
best = float(np.square(pca.inverse_transform(pca.transform(test)) - test).mean())
base = float(np.square(test - train.mean(0)).mean())
print(f"test mse {mse:.5f} (principal components {best:.5f}, mean image {base:.5f})")
