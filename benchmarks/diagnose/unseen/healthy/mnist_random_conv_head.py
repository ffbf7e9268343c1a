import argparse
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

def load(kind):
    root = os.path.join(os.environ["DATA_DIR"], "MNIST", "raw")
    with gzip.open(f"{root}/{kind}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(f"{root}/{kind}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)
    x = (torch.tensor(x.astype(np.float32)) / 255 - 0.1307) / 0.3081
    return x, torch.tensor(y.astype(np.int64))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 32, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
        self.head = nn.Sequential(nn.Linear(32 * 36, 64), nn.ReLU(), nn.Linear(64, 10))
        for q in self.backbone.parameters():
            q.requires_grad_(False)

    def forward(self, x):
        with torch.no_grad():
            f = self.backbone(x)
        return self.head(f)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=6)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    x, y = load("train")
    xt, yt = load("t10k")
    dl = DataLoader(TensorDataset(x[:6000, None], y[:6000]), batch_size=64, shuffle=True)
    net = Net()
    opt = torch.optim.AdamW(net.head.parameters(), lr=1e-3)
    for ep in range(a.epochs):
        for xb, yb in dl:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                out = net(xb)
            loss = F.cross_entropy(out.float(), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
        with torch.no_grad():
            acc = (net(xt[:2000, None]).argmax(1) == yt[:2000]).float().mean().item()
        print(f"epoch {ep} loss {loss.item():.4f} test acc {acc:.4f}")


if __name__ == "__main__":
    main()
