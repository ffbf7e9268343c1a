"""Siamese network with contrastive loss (Hadsell et al.) on the sklearn digits."""
import os
import random

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, Dataset

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)


class PairDataset(Dataset):
    def __init__(self, images, labels):
        self.images = torch.tensor(images / 16.0, dtype=torch.float32)
        self.labels = labels
        self.by_class = {c: np.where(labels == c)[0].tolist() for c in np.unique(labels)}

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        same = random.random() < 0.5
        c = self.labels[i]
        if not same:
            c = random.choice([k for k in self.by_class if k != c])
        j = random.choice(self.by_class[c])
        return self.images[i], self.images[j], torch.tensor(float(same))


class EmbeddingNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(64, 128), nn.PReLU(),
            nn.Linear(128, 64), nn.PReLU(),
            nn.Linear(64, 16),
        )

    def forward(self, x):
        return self.fc(x)


class SiameseNet(nn.Module):
    def __init__(self, embedding):
        super().__init__()
        self.embedding = embedding

    def forward(self, a, b):
        ea, eb = self.embedding(a), self.embedding(b)
        return torch.sqrt(((ea - eb) ** 2).sum(1))


def contrastive(dist, same, margin=1.0):
    pull = same * dist.pow(2)
    push = (1 - same) * torch.clamp(margin - dist, min=0).pow(2)
    return (pull + push).mean()


def pair_accuracy(model, loader, threshold=0.5):
    hits, n = 0, 0
    with torch.no_grad():
        for a, b, same in loader:
            hits += ((model(a, b) < threshold).float() == same).sum().item()
            n += len(same)
    return hits / n


digits = load_digits()
xtr, xte, ytr, yte = train_test_split(digits.data, digits.target, test_size=0.3, random_state=SEED)
train_loader = DataLoader(PairDataset(xtr, ytr), batch_size=64, shuffle=True)
test_loader = DataLoader(PairDataset(xte, yte), batch_size=256)

model = SiameseNet(EmbeddingNet())
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(1, 26):
    total = 0
    for a, b, same in train_loader:
        optimizer.zero_grad()
        loss = contrastive(model(a, b), same)
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 5 == 0:
        print(f"[{epoch}] contrastive loss {total / len(train_loader):.4f}")
print(f"pair accuracy on test set: {pair_accuracy(model, test_loader):.4f}")
