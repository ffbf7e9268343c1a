"""Pretrain on digits 0-4, freeze the trunk, train a new head for 5-9 (transfer learning lab)."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn

RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def load(split, n):
    with gzip.open(f"{RAW}/{split}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + n * 784), np.uint8, offset=16)
    with gzip.open(f"{RAW}/{split}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    return torch.tensor(x.reshape(n, 1, 28, 28) / 255.0, dtype=torch.float32), torch.tensor(y, dtype=torch.long)


def trunk():
    return nn.Sequential(
        nn.Conv2d(1, 12, 5, stride=2, bias=False), nn.BatchNorm2d(12), nn.ReLU(inplace=True),
        nn.Conv2d(12, 24, 5, stride=2, bias=False), nn.BatchNorm2d(24), nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(24 * 4 * 4, 64), nn.ReLU(inplace=True),
    )


class Classifier(nn.Module):
    def __init__(self, backbone, n_out, frozen=False):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(64, n_out)
        self.frozen = frozen
        if frozen:
            for p in self.backbone.parameters():
                p.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def forward(self, x):
        if self.frozen:
            with torch.no_grad():
                f = self.backbone(x)
        else:
            f = self.backbone(x)
        return self.head(f)


def fit(model, x, y, lr, epochs, name):
    params = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.SGD(params, lr=lr, momentum=0.9, weight_decay=1e-4)
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.05)
    model.train()
    for epoch in range(epochs):
        for idx in torch.randperm(len(x)).split(50):
            opt.zero_grad()
            loss = loss_fn(model(x[idx]), y[idx])
            loss.backward()
            opt.step()
        print(f"{name} epoch {epoch} loss {loss.item():.4f}")


def main():
    torch.manual_seed(0)
    x, y = load("train", 6000)
    xt, yt = load("t10k", 2000)
    backbone = trunk()
    low, high, high_t = y < 5, y >= 5, yt >= 5
    fit(Classifier(backbone, 5), x[low], y[low], lr=0.02, epochs=3, name="pretrain")
    model = Classifier(backbone, 5, frozen=True)
    fit(model, x[high][:1000], y[high][:1000] - 5, lr=0.05, epochs=6, name="transfer")
    model.eval()
    with torch.no_grad():
        acc = (model(xt[high_t]).argmax(1) == yt[high_t] - 5).float().mean().item()
    print("majority baseline", round(torch.bincount(yt[high_t] - 5).max().item() / high_t.sum().item(), 4))
    print("test accuracy on new classes", round(acc, 4))


if __name__ == "__main__":
    main()
