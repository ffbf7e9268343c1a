# MNIST tower built from a ModuleList. Plain loop, no DataLoader.
import gzip
import os
import time

import numpy as np
import torch
from torch import nn

torch.manual_seed(11)
DATA = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def read_images(name):
    with gzip.open(os.path.join(DATA, name), "rb") as f:
        return np.frombuffer(f.read(), dtype=np.uint8, offset=16).reshape(-1, 784)


def read_labels(name):
    with gzip.open(os.path.join(DATA, name), "rb") as f:
        return np.frombuffer(f.read(), dtype=np.uint8, offset=8)


imgs = read_images("t10k-images-idx3-ubyte.gz").astype("float32")
labs = read_labels("t10k-labels-idx1-ubyte.gz").astype("int64")
imgs = (imgs / 255.0 - 0.13) / 0.31
x_train, y_train = torch.tensor(imgs[:8500]), torch.tensor(labs[:8500])
x_test, y_test = torch.tensor(imgs[8500:]), torch.tensor(labs[8500:])


class Tower(nn.Module):
    def __init__(self, width=64, depth=9):
        super().__init__()
        self.inp = nn.Linear(784, width)
        self.hidden = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
        self.out = nn.Linear(width, 10)
        self.act = nn.Sigmoid()
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.zeros_(m.bias)

    def forward(self, x):
        x = self.act(self.inp(x))
        for lin in self.hidden:
            x = self.act(lin(x))
        return self.out(x)


net = Tower()
print(net)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=4, gamma=0.5)
ce = nn.CrossEntropyLoss()
t0 = time.time()

for epoch in range(6):
    net.train()
    perm = torch.randperm(len(x_train))
    tot = 0.0
    n = 0
    for i in range(0, len(perm), 100):
        idx = perm[i:i + 100]
        optimizer.zero_grad()
        loss = ce(net(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
        tot += loss.item() * len(idx)
        n += len(idx)
    scheduler.step()
    net.eval()
    with torch.no_grad():
        pred = net(x_test)
        test_loss = ce(pred, y_test).item()
        acc = (pred.argmax(-1) == y_test).float().mean().item()
    print(f"[{time.time() - t0:5.1f}s] epoch {epoch + 1}/6  loss {tot / n:.4f}  "
          f"test_loss {test_loss:.4f}  acc {acc:.4f}")

print("final accuracy", round(acc, 4))
