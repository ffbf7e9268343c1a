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


class Mixer(nn.Module):
    def __init__(self, d=48, n=16):
        super().__init__()
        self.patch = nn.Linear(49, d)
        self.norm1, self.norm2, self.norm = nn.LayerNorm(d), nn.LayerNorm(d), nn.LayerNorm(d)
        self.tok = nn.Sequential(nn.Linear(n, 32), nn.GELU(), nn.Linear(32, n))
        self.ch = nn.Sequential(nn.Linear(d, 96), nn.GELU(), nn.Linear(96, d))
        self.head = nn.Linear(d, 10)

    def forward(self, x):
        x = x.unfold(1, 7, 7).unfold(2, 7, 7).reshape(len(x), 16, 49)
        x = self.patch(x)
        x = x + self.tok(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        x = x + self.ch(self.norm2(x))
        return self.head(self.norm(x).mean(1))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=7)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    x, y = load("train")
    xt, yt = load("t10k")
    x, y, xt, yt = x[:6000].bfloat16(), y[:6000], xt[:1000].bfloat16(), yt[:1000]
    dl = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
    net = Mixer().bfloat16()
    opt = torch.optim.AdamW(net.parameters(), lr=5e-5)
    for ep in range(a.epochs):
        tot = 0.0
        for xb, yb in dl:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                out = net(xb)
            loss = F.cross_entropy(out.float(), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item() * len(xb)
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            acc = (net(xt).argmax(1) == yt).float().mean().item()
        print(f"epoch {ep} loss {tot / 6000:.4f} test acc {acc:.4f}")


if __name__ == "__main__":
    main()
