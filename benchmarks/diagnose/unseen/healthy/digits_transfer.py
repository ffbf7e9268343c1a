"""Transfer learning: pre-train a small CNN on digits 0-4, reuse its features for 5-9.

Stage 1 trains everything.  Stage 2 freezes the backbone and fits a new head on half of
the remaining classes' images (+ light noise augmentation).
"""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class Backbone(nn.Module):
    out_dim = 128

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(32)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        return x.flatten(1)


class Classifier(nn.Module):
    def __init__(self, backbone, n_classes):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(backbone.out_dim, n_classes)

    def forward(self, x):
        return self.head(self.backbone(x))


def set_frozen(module, frozen=True):
    for p in module.parameters():
        p.requires_grad = not frozen
    module.train(not frozen)


def fit(model, x, y, steps, lr, noise=0.0, tag=""):
    opt = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=lr)
    for step in range(steps):
        idx = torch.randint(len(x), (50,))
        xb = x[idx] + noise * torch.randn_like(x[idx])
        loss = F.cross_entropy(model(xb), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 100 == 0 or step == steps - 1:
            print(f"{tag} step {step:4d} loss {loss.item():.4f}")


@torch.no_grad()
def score(model, x, y):
    was = model.training
    model.eval()
    acc = (model(x).argmax(1) == y).float().mean().item()
    model.train(was)
    return acc


torch.manual_seed(8)
digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 8 - 1
labels = torch.tensor(digits.target)
low = labels < 5
src_x, src_y = images[low], labels[low]
tgt_x, tgt_y = images[~low], labels[~low] - 5

backbone = Backbone()
source = Classifier(backbone, 5)
fit(source, src_x, src_y, steps=250, lr=2e-3, tag="pretrain")
print(f"source accuracy {score(source, src_x, src_y):.4f}")

order = torch.randperm(len(tgt_y))
few, rest = order[:300], order[300:]

set_frozen(backbone)
target = Classifier(backbone, 5)
target.head.train()
fit(target, tgt_x[few], tgt_y[few], steps=400, lr=5e-3, noise=0.2, tag="transfer")
acc = score(target, tgt_x[rest], tgt_y[rest])
centroids = torch.stack([tgt_x[few][tgt_y[few] == c].mean(0) for c in range(5)]).flatten(1)
base = (torch.cdist(tgt_x[rest].flatten(1), centroids).argmin(1) == tgt_y[rest]).float().mean().item()
print(f"accuracy on 5-9: nearest centroid {base:.4f}  frozen features {acc:.4f}")
