import numpy as np
import torch
torch.set_num_threads(1)
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset


class PairDataset(Dataset):
    """Returns two digit images and whether they show the same class."""

    def __init__(self, images, labels, n_pairs, seed):
        rng = np.random.RandomState(seed)
        self.images, self.labels = images, labels
        by_class = [np.flatnonzero(labels == c) for c in range(10)]
        left, right = [], []
        for k in range(n_pairs):
            i = rng.randint(len(labels))
            if k % 2 == 0:
                j = rng.choice(by_class[labels[i]])
            else:
                j = rng.choice(by_class[(labels[i] + rng.randint(1, 10)) % 10])
            left.append(i)
            right.append(j)
        self.left, self.right = left, right

    def __len__(self):
        return len(self.left)

    def __getitem__(self, k):
        i, j = self.left[k], self.right[k]
        return self.images[i], self.images[j], float(self.labels[i] == self.labels[j])


class SiameseNet(nn.Module):
    def __init__(self, emb_dim=16):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.embed = nn.Linear(32 * 2 * 2, emb_dim)

    def forward(self, x):
        return self.embed(self.features(x).flatten(1))


def euclidean(a, b):
    return torch.sqrt(torch.sum((a - b) ** 2, dim=1))


def contrastive_loss(dist, same, margin=2.0):
    return (same * dist.pow(2) + (1 - same) * F.relu(margin - dist).pow(2)).mean()


def evaluate(net, loader):
    net.eval()
    hits = total = 0
    with torch.no_grad():
        for a, b, same in loader:
            d = euclidean(net(a), net(b))
            hits += ((d < 1.0) == same.bool()).sum().item()
            total += len(same)
    return hits / total


if __name__ == "__main__":
    torch.manual_seed(0)
    digits = load_digits()
    imgs = torch.tensor(digits.images / 16.0, dtype=torch.float32).unsqueeze(1)
    labels = digits.target
    train_set = PairDataset(imgs[:1300], labels[:1300], 6000, seed=0)
    test_set = PairDataset(imgs[1300:], labels[1300:], 1500, seed=1)
    train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
    test_loader = DataLoader(test_set, batch_size=500)

    net = SiameseNet()
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
    for epoch in range(4):
        net.train()
        for it, (a, b, same) in enumerate(train_loader):
            dist = euclidean(net(a), net(b))
            loss = contrastive_loss(dist, same.float())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if it % 40 == 0:
                print(f"[{epoch}:{it:03d}] loss {loss.item():.4f}")
    print(f"final pair_accuracy {evaluate(net, test_loader):.4f}")
