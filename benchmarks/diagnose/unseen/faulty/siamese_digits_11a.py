import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.set_num_threads(1)


class PairSampler:
    """Draws pairs, half of them of the same class."""

    def __init__(self, images, labels, seed=0):
        self.images, self.labels = images, labels
        self.by_class = {c: np.where(labels == c)[0] for c in np.unique(labels)}
        self.rng = random.Random(seed)

    def batch(self, size):
        left, right, same = [], [], []
        classes = list(self.by_class)
        for k in range(size):
            i = self.rng.randrange(len(self.labels))
            c = self.labels[i]
            if k % 2 == 0:
                j = self.rng.choice(list(self.by_class[c]))
            else:
                other = self.rng.choice([o for o in classes if o != c])
                j = self.rng.choice(list(self.by_class[other]))
            left.append(i)
            right.append(j)
            same.append(float(k % 2 == 0))
        return self.images[left], self.images[right], torch.tensor(same)


class Embedder(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.fc = nn.Linear(32 * 4, dim)

    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=1.5):
        super().__init__()
        self.margin = margin

    def forward(self, a, b, same):
        dist = torch.sqrt(torch.sum((a - b) ** 2, dim=1))
        pull = same * dist.pow(2)
        push = (1 - same) * F.relu(self.margin - dist).pow(2)
        return 0.5 * (pull + push).mean()


@torch.no_grad()
def knn_accuracy(model, xtr, ytr, xte, yte):
    model.eval()
    d = torch.cdist(model(xte), model(xtr))
    nearest = d.topk(5, largest=False).indices
    votes = torch.from_numpy(ytr)[nearest].mode(1).values
    model.train()
    return (votes == torch.from_numpy(yte)).float().mean().item()


def main():
    torch.manual_seed(1)
    digits = load_digits()
    x = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16.0
    xtr, xte, ytr, yte = train_test_split(x, digits.target, test_size=0.3, random_state=0, stratify=digits.target)
    sampler = PairSampler(xtr, ytr)
    model, criterion = Embedder(), ContrastiveLoss()
    opt = torch.optim.RMSprop(model.parameters(), lr=5e-4)
    for step in range(1, 801):
        a, b, same = sampler.batch(64)
        loss = criterion(model(a), model(b), same)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 100 == 0:
            print(f"step {step} loss {loss.item():.4f} knn acc {knn_accuracy(model, xtr, ytr, xte, yte):.4f}")


if __name__ == "__main__":
    main()
