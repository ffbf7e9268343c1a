import gzip
import os
import numpy as np
import torch
torch.set_num_threads(1)
from torch import nn, optim

DATA = os.environ.get("DATA_DIR", "../shared/data") + "/MNIST/raw/"


def fetch(kind, limit):
    with gzip.open(DATA + kind + "-images-idx3-ubyte.gz") as f:
        im = np.frombuffer(f.read()[16:], np.uint8).reshape(-1, 784)[:limit]
    with gzip.open(DATA + kind + "-labels-idx1-ubyte.gz") as f:
        lb = np.frombuffer(f.read()[8:], np.uint8)[:limit]
    return torch.from_numpy(im.copy()), torch.from_numpy(lb.astype("int64"))


class PairSampler:
    """Half of the pairs share the digit, half do not."""

    def __init__(self, labels, seed):
        self.labels = labels.numpy()
        self.by_class = [np.flatnonzero(self.labels == c) for c in range(10)]
        self.rng = np.random.default_rng(seed)

    def draw(self, n):
        first = self.rng.integers(0, len(self.labels), n)
        same = np.arange(n) % 2 == 0
        second = np.empty(n, dtype=np.int64)
        for k in range(n):
            c = self.labels[first[k]]
            if not same[k]:
                c = (c + self.rng.integers(1, 10)) % 10
            second[k] = self.rng.choice(self.by_class[c])
        return first, second, torch.from_numpy(same.astype(np.float32))


def distance(u, v):
    return torch.sqrt(((u - v) ** 2).sum(dim=-1))


def contrastive(u, v, same, margin=2.0):
    d = distance(u, v)
    pull = same * d.pow(2)
    push = (1 - same) * (margin - d).clamp(min=0).pow(2)
    return (pull + push).mean()


torch.manual_seed(17)
images, labels = fetch("train", 60000)
test_images, test_labels = fetch("t10k", 2000)
scale = lambda t: t.float().div(127.5).sub(1)

encoder = nn.Sequential(
    nn.Linear(784, 128), nn.LeakyReLU(0.1),
    nn.Linear(128, 64), nn.LeakyReLU(0.1),
    nn.Linear(64, 8),
)
optimizer = optim.Adam(encoder.parameters(), lr=1e-3)
sampler = PairSampler(labels, seed=1)

for it in range(1, 501):
    i, j, same = sampler.draw(48)
    loss = contrastive(encoder(scale(images[i])), encoder(scale(images[j])), same)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if it % 100 == 0:
        print("iter", it)

encoder.eval()
with torch.no_grad():
    emb = encoder(scale(images[:4000]))
    centre = torch.stack([emb[labels[:4000] == c].mean(0) for c in range(10)])
    z = encoder(scale(test_images))
    guess = ((z[:, None] - centre[None]) ** 2).sum(-1).argmin(1)
    hit = (guess == test_labels).float().mean().item()
print("final centroid_accuracy", round(hit, 4))
