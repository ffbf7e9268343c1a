# Siamese network on the 8x8 digits, contrastive loss (Hadsell et al. 2006)
# afterwards: nearest-centroid accuracy in the learned space
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.set_num_threads(1)
rng = np.random.RandomState(42)
torch.manual_seed(42)

digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
labels = digits.target
shuffle = rng.permutation(len(labels))
train_idx, test_idx = shuffle[:1300], shuffle[1300:]
by_class = {c: [i for i in train_idx if labels[i] == c] for c in range(10)}


class Embedder(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.project = nn.Linear(32 * 4, dim)

    def forward(self, x):
        return self.project(self.features(x).flatten(1))


def sample_pairs(n):
    """half of the pairs share the class, the other half does not"""
    left, right, same = [], [], []
    for k in range(n):
        a = rng.choice(train_idx)
        if k % 2 == 0:
            b = rng.choice(by_class[labels[a]])
            same.append(1.0)
        else:
            other = rng.choice([c for c in range(10) if c != labels[a]])
            b = rng.choice(by_class[other])
            same.append(0.0)
        left.append(a)
        right.append(b)
    return images[left], images[right], torch.tensor(same)


def contrastive_loss(za, zb, same, margin=1.5):
    dist = torch.sqrt(((za - zb) ** 2).sum(dim=1))
    pos = same * dist ** 2
    neg = (1 - same) * F.relu(margin - dist) ** 2
    return (pos + neg).mean()


net = Embedder()
optim = torch.optim.Adam(net.parameters(), lr=2e-3)
for it in range(1, 181):
    xa, xb, same = sample_pairs(64)
    loss = contrastive_loss(net(xa), net(xb), same)
    optim.zero_grad()
    loss.backward()
    optim.step()
    if it % 30 == 0:
        print('iter %d  contrastive loss %.4f' % (it, loss.item()))

net.eval()
with torch.no_grad():
    z = net(images)
centroids = torch.stack([z[by_class[c]].mean(0) for c in range(10)])
pred = torch.cdist(z[test_idx], centroids).argmin(1).numpy()
print('nearest-centroid accuracy: %.3f' % (pred == labels[test_idx]).mean())
