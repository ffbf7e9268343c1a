"""1-D convolutional classifier for short sensor waveforms (sine, square, saw, chirp)."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)


def generate(n, length=128, seed=0):
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, length)
    xs, ys = [], []
    for _ in range(n):
        k = rng.integers(4)
        f, ph = rng.uniform(3, 8), rng.uniform(0, 1)
        arg = f * t + ph
        if k == 0:
            s = np.sin(2 * np.pi * arg)
        elif k == 1:
            s = np.sign(np.sin(2 * np.pi * arg))
        elif k == 2:
            s = 2 * (arg % 1) - 1
        else:
            s = np.sin(2 * np.pi * (f * 0.5 * t + f * t ** 2 + ph))
        s = rng.uniform(0.7, 1.3) * s + rng.normal(0, 0.15, length)
        xs.append((s - s.mean()) / s.std())
        ys.append(k)
    return torch.tensor(np.array(xs), dtype=torch.float32).unsqueeze(1), torch.tensor(ys)


def stage(cin, cout, stride):
    return nn.Sequential(nn.Conv1d(cin, cout, 5, stride=stride, padding=2), nn.Sigmoid())


class WaveNet1d(nn.Module):
    def __init__(self, n_classes=4):
        super().__init__()
        chans = [1, 24, 24, 32, 32, 48, 48, 64, 64]
        strides = [1, 2, 1, 2, 1, 2, 1, 2]
        self.stages = nn.Sequential(*[stage(a, b, s) for a, b, s in zip(chans, chans[1:], strides)])
        self.classifier = nn.Linear(64 * 8, n_classes)

    def forward(self, x):
        return self.classifier(self.stages(x).flatten(1))


def accuracy(model, loader):
    model.eval()
    good = n = 0
    with torch.no_grad():
        for xb, yb in loader:
            good += (model(xb).argmax(1) == yb).sum().item()
            n += len(yb)
    return good / n


if __name__ == "__main__":
    torch.manual_seed(3)
    train = DataLoader(TensorDataset(*generate(2000, seed=1)), batch_size=32, shuffle=True)
    val = DataLoader(TensorDataset(*generate(500, seed=2)), batch_size=250)
    model = WaveNet1d()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.05, total_steps=12 * len(train))
    criterion = nn.CrossEntropyLoss()
    for epoch in range(12):
        model.train()
        tot = 0
        for xb, yb in train:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
            scheduler.step()
            tot += loss.item()
        print("epoch", epoch, "loss", round(tot / len(train), 4), "val acc", round(accuracy(model, val), 4))
