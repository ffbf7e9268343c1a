"""Eight-layer BatchNorm tower on MNIST, SGD with a large one-cycle learning rate."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def dataset(split, n):
    with gzip.open(os.path.join(RAW, f"{split}-images-idx3-ubyte.gz")) as f:
        x = np.frombuffer(f.read(16 + n * 784), np.uint8, offset=16)
    with gzip.open(os.path.join(RAW, f"{split}-labels-idx1-ubyte.gz")) as f:
        y = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    x = torch.tensor(x.reshape(n, 784), dtype=torch.float32)
    return TensorDataset(x, torch.tensor(y, dtype=torch.long))


def tower(width=128, depth=8):
    layers, d = [nn.BatchNorm1d(784)], 784
    for _ in range(depth):
        lin = nn.Linear(d, width, bias=False)
        nn.init.kaiming_normal_(lin.weight, nonlinearity="relu")
        layers += [lin, nn.BatchNorm1d(width), nn.ReLU(inplace=True)]
        d = width
    layers.append(nn.Linear(d, 10))
    return nn.Sequential(*layers)


class Trainer:
    def __init__(self, model, train, test, epochs=5, max_lr=0.8):
        self.model, self.epochs = model, epochs
        self.train_dl = DataLoader(train, 128, shuffle=True, drop_last=True)
        self.test_dl = DataLoader(test, 500)
        self.opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
        self.sched = torch.optim.lr_scheduler.OneCycleLR(
            self.opt, max_lr=max_lr, total_steps=epochs * len(self.train_dl))
        self.loss_fn = nn.CrossEntropyLoss()

    def fit(self):
        for epoch in range(self.epochs):
            self.model.train()
            for x, y in self.train_dl:
                loss = self.loss_fn(self.model(x), y)
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
                self.sched.step()
            print(f"epoch {epoch} lr {self.sched.get_last_lr()[0]:.4f} loss {loss.item():.4f} acc {self.score():.4f}")

    @torch.no_grad()
    def score(self):
        self.model.eval()
        hit = n = 0
        for x, y in self.test_dl:
            hit += (self.model(x).argmax(1) == y).sum().item()
            n += len(y)
        return hit / n


if __name__ == "__main__":
    torch.manual_seed(0)
    trainer = Trainer(tower(), dataset("train", 10000), dataset("t10k", 2000))
    trainer.fit()
    print("test accuracy", round(trainer.score(), 4))
