"""Self-normalizing MLP on a tabular classification task."""
import argparse

import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

ap = argparse.ArgumentParser()
ap.add_argument("--depth", type=int, default=16)
ap.add_argument("--width", type=int, default=64)
ap.add_argument("--lr", type=float, default=0.01)
ap.add_argument("--epochs", type=int, default=12)
ap.add_argument("--seed", type=int, default=0)
opt = ap.parse_args()


class SNN(nn.Module):
    def __init__(self, n_in, n_out, depth, width):
        super().__init__()
        layers = []
        for i in range(depth):
            layers.append(nn.Linear(n_in if i == 0 else width, width))
            layers.append(nn.SELU())
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(width, n_out)
        self.apply(self.init_weights)

    @staticmethod
    def init_weights(m):
        if isinstance(m, nn.Linear):
            nn.init.kaiming_normal_(m.weight, mode="fan_in", nonlinearity="relu")
            nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.head(self.body(x))


X, y = make_classification(
    n_samples=4000, n_features=30, n_informative=12, n_redundant=6, n_classes=5,
    n_clusters_per_class=3, class_sep=1.3, flip_y=0.0, random_state=17,
)
Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.25, random_state=17, stratify=y)
scaler = StandardScaler().fit(Xtr)
Xtr = torch.tensor(scaler.transform(Xtr), dtype=torch.float32)
Xte = torch.tensor(scaler.transform(Xte), dtype=torch.float32)
ytr, yte = torch.tensor(ytr), torch.tensor(yte)

torch.manual_seed(opt.seed)
model = SNN(30, 5, opt.depth, opt.width)
optimizer = torch.optim.SGD(model.parameters(), lr=opt.lr)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(1, opt.epochs + 1):
    model.train()
    total, seen = 0.0, 0
    for idx in torch.randperm(len(Xtr)).split(50):
        out = model(Xtr[idx])
        loss = loss_fn(out, ytr[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
        seen += len(idx)
    model.eval()
    with torch.no_grad():
        out = model(Xte)
        te_loss = loss_fn(out, yte).item()
        te_acc = (out.argmax(1) == yte).float().mean().item()
    print(f"epoch {epoch:2d} | train loss {total / seen:.4f} | test loss {te_loss:.4f} | test acc {te_acc:.4f}")
