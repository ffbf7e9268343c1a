"""MNIST MLP in bfloat16, small learning rate with cosine decay."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def read(kind, n):
    with gzip.open(f"{RAW}/{kind}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + n * 784), np.uint8, offset=16).reshape(n, 784)
    with gzip.open(f"{RAW}/{kind}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    return torch.tensor(x, dtype=torch.float32) / 255, torch.tensor(y, dtype=torch.long)


class Net(nn.Module):
    def __init__(self, hidden=128):
        super().__init__()
        self.fc1 = nn.Linear(784, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, 10)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def accuracy(model, x, y):
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        return (model(x.to(next(model.parameters()).dtype)).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(0)
    x_tr, y_tr = read("train", 8000)
    x_te, y_te = read("t10k", 2000)
    x_tr, x_te = (x_tr - 0.13) / 0.31, (x_te - 0.13) / 0.31
    model = Net().to(torch.bfloat16)
    dtype = next(model.parameters()).dtype
    epochs, batch = 25, 64
    steps = epochs * (len(x_tr) // batch + 1)
    opt = torch.optim.SGD(model.parameters(), lr=3e-3)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for epoch in range(epochs):
        total = 0.0
        for idx in torch.randperm(len(x_tr)).split(batch):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                out = model(x_tr[idx].to(dtype))
            loss = F.cross_entropy(out.float(), y_tr[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            total += loss.item() * len(idx)
        if epoch % 5 == 4:
            print(f"epoch {epoch} loss {total / len(x_tr):.4f} acc {accuracy(model, x_te, y_te):.4f}")
    print("test accuracy", round(accuracy(model, x_te, y_te), 4))


if __name__ == "__main__":
    main()
