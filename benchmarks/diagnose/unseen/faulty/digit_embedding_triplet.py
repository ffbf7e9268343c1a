"""Batch-hard triplet embedding of the 8x8 digits, evaluated by 1-NN."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier


def pairwise_distances(e):
    dot = e @ e.t()
    sq = dot.diagonal()
    d2 = sq[:, None] - 2 * dot + sq[None, :]
    d2 = d2.clamp(min=0.0)
    return torch.sqrt(d2)


class BatchHardTriplet(nn.Module):
    def __init__(self, margin=0.4):
        super().__init__()
        self.margin = margin

    def forward(self, emb, labels):
        dist = pairwise_distances(emb)
        same = labels[:, None] == labels[None, :]
        eye = torch.eye(len(labels), dtype=torch.bool)
        hardest_pos = (dist * (same & ~eye).float()).max(dim=1).values
        hardest_neg = (dist + 1e3 * same.float()).min(dim=1).values
        return F.relu(hardest_pos - hardest_neg + self.margin).mean()


class Embedder(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 48), nn.ReLU())
        self.head = nn.Linear(48, dim)

    def forward(self, x):
        return F.normalize(self.head(self.body(x)), dim=1)


def balanced_batches(y, per_class, steps, rng):
    by_class = [np.flatnonzero(y == c) for c in range(10)]
    for _ in range(steps):
        yield np.concatenate([rng.choice(ix, per_class, replace=False) for ix in by_class])


def main(seed=5):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    X, y = load_digits(return_X_y=True)
    X = (X / 16.0).astype(np.float32)
    Xa, Xb, ya, yb = train_test_split(X, y, test_size=0.4, random_state=seed, stratify=y)
    net = Embedder()
    crit = BatchHardTriplet()
    opt = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-4)
    xa, la = torch.from_numpy(Xa), torch.from_numpy(ya)
    for step, idx in enumerate(balanced_batches(ya, 5, 300, rng)):
        loss = crit(net(xa[idx]), la[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 50 == 0:
            print(f"step {step} triplet {loss.item():.4f}")
    with torch.no_grad():
        ea, eb = net(xa).numpy(), net(torch.from_numpy(Xb)).numpy()
    knn = KNeighborsClassifier(1).fit(np.nan_to_num(ea), ya)
    print("test 1-NN accuracy", round(knn.score(np.nan_to_num(eb), yb), 4))


if __name__ == "__main__":
    main()
