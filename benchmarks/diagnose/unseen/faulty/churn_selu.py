"""Deep self-normalising network for a churn-like table."""
import argparse

import numpy as np
import torch
from sklearn.datasets import make_classification
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)


class SNN(nn.Module):
    def __init__(self, n_in, width=48, depth=16):
        super().__init__()
        self.input = nn.Linear(n_in, width)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.output = nn.Linear(width, 1)
        self.act = nn.SELU()

    def forward(self, x):
        x = self.act(self.input(x))
        for layer in self.hidden:
            x = self.act(layer(x))
        return self.output(x).squeeze(-1)


def get_loaders(batch_size):
    x, y = make_classification(6000, n_features=24, n_informative=12, n_redundant=4, n_clusters_per_class=6,
                               class_sep=1.0, flip_y=0.02, random_state=6)
    xtr, xva, ytr, yva = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    sc = StandardScaler().fit(xtr)
    t = lambda a: torch.tensor(a, dtype=torch.float32)
    return (DataLoader(TensorDataset(t(sc.transform(xtr)), t(ytr)), batch_size, shuffle=True),
            DataLoader(TensorDataset(t(sc.transform(xva)), t(yva)), 500))


def fit(args):
    torch.manual_seed(args.seed)
    train, val = get_loaders(args.batch_size)
    model = SNN(24)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
    for epoch in range(args.epochs):
        model.train()
        losses = []
        for x, y in train:
            loss = criterion(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        model.eval()
        with torch.no_grad():
            pairs = [(model(x), y) for x, y in val]
        auc = roc_auc_score(torch.cat([p[1] for p in pairs]), torch.cat([p[0] for p in pairs]))
        print(f"epoch {epoch + 1:2d} loss {np.mean(losses):.4f} val auc {auc:.4f}")


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--lr", type=float, default=0.01)
    ap.add_argument("--epochs", type=int, default=15)
    ap.add_argument("--batch-size", type=int, default=64)
    ap.add_argument("--seed", type=int, default=0)
    fit(ap.parse_args())
