"""Transfer learning: pretrain on digits 0-4, reuse the conv features for digits 5-9."""
import os

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.LeakyReLU(0.1),
            nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(32), nn.LeakyReLU(0.1),
            nn.Flatten(), nn.Linear(32 * 16, 64), nn.LeakyReLU(0.1),
        )

    def forward(self, x):
        return self.body(x)


class Classifier(nn.Module):
    def __init__(self, backbone, n_classes, frozen=False):
        super().__init__()
        self.backbone, self.frozen = backbone, frozen
        self.head = nn.Linear(64, n_classes)
        if frozen:
            self.backbone.requires_grad_(False)

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


def fit(model, x, y, epochs, lr):
    opt = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.05)
    model.train()
    for epoch in range(epochs):
        for idx in torch.randperm(len(x)).split(32):
            opt.zero_grad()
            loss = loss_fn(model(x[idx]), y[idx])
            loss.backward()
            opt.step()
        if epoch % 5 == 4:
            print(f"  epoch {epoch + 1} loss {loss.item():.4f}")


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


d = load_digits()
X = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16
Y = torch.tensor(d.target)
low, high = Y < 5, Y >= 5
print("pretraining on 0-4")
backbone = Backbone()
fit(Classifier(backbone, 5), X[low], Y[low], epochs=10, lr=1e-3)

tr, te = train_test_split(torch.arange(int(high.sum())), test_size=0.4, random_state=SEED)
xh, yh = X[high], Y[high] - 5
print("training the new head on 5-9")
model = Classifier(backbone, 5, frozen=True)
fit(model, xh[tr], yh[tr], epochs=20, lr=5e-3)
base = (yh[te] == yh[tr].mode().values).float().mean().item()
print(f"accuracy on 5-9: {accuracy(model, xh[te], yh[te]):.4f}  majority baseline {base:.4f}")
