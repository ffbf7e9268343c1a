"""SimSiam-style self-supervised pretraining on MNIST with a linear probe."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression

RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def load(split, n):
    with gzip.open(os.path.join(RAW, f"{split}-images-idx3-ubyte.gz")) as f:
        x = np.frombuffer(f.read(16 + n * 784), np.uint8, offset=16)
    with gzip.open(os.path.join(RAW, f"{split}-labels-idx1-ubyte.gz")) as f:
        y = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    return torch.tensor(x.reshape(n, 1, 28, 28) / 255.0, dtype=torch.float32), y.astype(int)


def augment(x):
    n = len(x)
    ang = (torch.rand(n) - 0.5) * 0.7
    scale = 1 + (torch.rand(n) - 0.5) * 0.4
    shift = (torch.rand(n, 2) - 0.5) * 0.3
    rot = torch.stack([torch.stack([ang.cos(), -ang.sin()], 1), torch.stack([ang.sin(), ang.cos()], 1)], 1)
    theta = torch.cat([rot * scale[:, None, None], shift[:, :, None]], 2)
    x = F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=False), align_corners=False)
    return x + 0.1 * torch.randn_like(x)


class SimSiam(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 12, 5, stride=2), nn.BatchNorm2d(12), nn.ReLU(),
            nn.Conv2d(12, 24, 5, stride=2), nn.BatchNorm2d(24), nn.ReLU(), nn.Flatten())
        self.projector = nn.Sequential(
            nn.Linear(384, dim, bias=False), nn.BatchNorm1d(dim), nn.ReLU(),
            nn.Linear(dim, dim, bias=False), nn.BatchNorm1d(dim, affine=False))
        self.predictor = nn.Sequential(
            nn.Linear(dim, 16, bias=False), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, dim))

    def forward(self, a, b):
        za, zb = self.projector(self.encoder(a)), self.projector(self.encoder(b))
        pa, pb = self.predictor(za), self.predictor(zb)
        return -0.5 * (F.cosine_similarity(pa, zb.detach()).mean() + F.cosine_similarity(pb, za.detach()).mean()), za


@torch.no_grad()
def embed(model, x):
    model.eval()
    z = model.projector[:3](model.encoder(x))
    return F.normalize(z, dim=1).numpy()


def probe(model, xa, ya, xb, yb):
    clf = LogisticRegression(C=10.0, max_iter=300).fit(embed(model, xa), ya)
    return clf.score(embed(model, xb), yb)


if __name__ == "__main__":
    torch.manual_seed(0)
    x, y = load("train", 3000)
    xt, yt = load("t10k", 1000)
    model = SimSiam()
    base = probe(model, x[:500], y[:500], xt, yt)
    model.train()
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    epochs = 8
    for epoch in range(epochs):
        for idx in torch.randperm(len(x)).split(100):
            loss, z = model(augment(x[idx]), augment(x[idx]))
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"epoch {epoch} loss {loss.item():.4f} z-std {F.normalize(z, dim=1).std(0).mean().item():.4f}")
    print("random-feature probe", round(base, 4))
    print("probe accuracy", round(probe(model, x[:500], y[:500], xt, yt), 4))
