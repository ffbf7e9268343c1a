"""Pretrain a CNN on digits 0-4, then transfer: freeze the features and fit a new head for digits 5-9."""
import copy

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(31)
torch.set_num_threads(1)


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        )

    def forward(self, x):
        return self.net(x).flatten(1)


class Classifier(nn.Module):
    def __init__(self, backbone, n_classes, freeze=False):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(128, n_classes)
        self.freeze = freeze
        if freeze:
            for p in self.backbone.parameters():
                p.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        if self.freeze:
            self.backbone.eval()
        return self

    def forward(self, x):
        return self.head(self.backbone(x))


def loaders(low, high, n_train=None):
    d = load_digits()
    keep = (d.target >= low) & (d.target < high)
    x = torch.tensor(d.images[keep], dtype=torch.float32).unsqueeze(1) / 8 - 1
    y = torch.tensor(d.target[keep] - low)
    tr, te = train_test_split(torch.arange(len(y)), test_size=0.4, random_state=0, stratify=y)
    if n_train:
        tr = tr[:n_train]
    return DataLoader(TensorDataset(x[tr], y[tr]), 32, shuffle=True), DataLoader(TensorDataset(x[te], y[te]), 400)


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    return sum((model(x).argmax(1) == y).sum().item() for x, y in loader) / len(loader.dataset)


def fit(model, train_dl, val_dl, epochs, lr, tag):
    params = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.Adam(params, lr=lr)
    steps = epochs * len(train_dl)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=lr, total_steps=steps)
    ce = nn.CrossEntropyLoss()
    best, best_state = 0.0, None
    for ep in range(epochs):
        model.train()
        for x, y in train_dl:
            opt.zero_grad()
            loss = ce(model(x), y)
            loss.backward()
            opt.step()
            sched.step()
        acc = evaluate(model, val_dl)
        if acc > best:
            best, best_state = acc, copy.deepcopy(model.state_dict())
        if ep % 5 == 4:
            print(f"{tag} epoch {ep + 1}: loss {loss.item():.4f} val acc {acc:.4f}")
    model.load_state_dict(best_state)
    return model


source_train, source_val = loaders(0, 5)
source = fit(Classifier(Backbone(), 5), source_train, source_val, 10, 5e-3, "source")

target_train, target_val = loaders(5, 10, n_train=150)
target = Classifier(source.backbone, 5, freeze=True)
target = fit(target, target_train, target_val, 30, 2e-2, "target")
print(f"target accuracy: {evaluate(target, target_val):.4f}")
