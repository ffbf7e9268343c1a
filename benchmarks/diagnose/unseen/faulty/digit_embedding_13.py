"""Metric learning on the digits set: batch-all contrastive loss, evaluated by 5-NN."""
import os

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn, optim

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))


class Embedder(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.LeakyReLU(0.1), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.LeakyReLU(0.1), nn.MaxPool2d(2),
        )
        self.proj = nn.Linear(32 * 2 * 2, dim)

    def forward(self, x):
        return self.proj(self.features(x).flatten(1))


def pairwise_distances(emb):
    """Euclidean distance matrix of a batch of embeddings."""
    diff = emb.unsqueeze(0) - emb.unsqueeze(1)
    return torch.sqrt(diff.pow(2).sum(-1))


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=2.0):
        super().__init__()
        self.margin = margin

    def forward(self, emb, labels):
        d = pairwise_distances(emb)
        same = (labels[:, None] == labels[None, :]).float()
        not_self = 1 - torch.eye(len(labels))
        pos = same * not_self * d.pow(2)
        neg = (1 - same) * torch.relu(self.margin - d).pow(2)
        return pos.sum() / (same * not_self).sum().clamp(min=1) + neg.sum() / (1 - same).sum()


def knn_accuracy(train_emb, train_y, test_emb, test_y, k=5):
    dist = torch.cdist(test_emb, train_emb)
    votes = train_y[dist.topk(k, largest=False).indices]
    return (votes.mode(dim=1).values == test_y).float().mean().item()


def main():
    torch.manual_seed(SEED)
    X, y = load_digits(return_X_y=True)
    Xtr, Xte, ytr, yte = train_test_split(X / 16.0, y, test_size=0.3, random_state=SEED, stratify=y)
    as_img = lambda a: torch.tensor(a, dtype=torch.float32).view(-1, 1, 8, 8)
    Xtr, Xte = as_img(Xtr), as_img(Xte)
    ytr, yte = torch.tensor(ytr), torch.tensor(yte)

    net = Embedder()
    criterion = ContrastiveLoss()
    optimizer = optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-3)
    for epoch in range(12):
        net.train()
        total, batches = 0.0, 0
        for idx in torch.randperm(len(Xtr)).split(64):
            loss = criterion(net(Xtr[idx]), ytr[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total, batches = total + loss.item(), batches + 1
        print(f"epoch {epoch + 1:2d}  contrastive {total / batches:.4f}")

    net.eval()
    with torch.no_grad():
        acc = knn_accuracy(net(Xtr), ytr, net(Xte), yte)
    print(f"5-NN accuracy: {acc:.4f}")


if __name__ == "__main__":
    main()
