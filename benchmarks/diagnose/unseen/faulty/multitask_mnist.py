"""One shared encoder, three heads (digit, parity, amount of ink)."""
import gzip
import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def fetch(prefix, n):
    with gzip.open(f"{RAW}/{prefix}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)[:n] / 255.0
    with gzip.open(f"{RAW}/{prefix}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)[:n]
    x = torch.tensor(x, dtype=torch.float32)
    y = torch.tensor(y.astype(np.int64))
    ink = (x.mean(1) - 0.13) / 0.044
    return (x - 0.13) / 0.31, {"digit": y, "parity": (y % 2).float(), "ink": ink}


class Head(nn.Module):
    def __init__(self, n_in, n_out, hidden=32, start=None):
        super().__init__()
        self.fc = nn.Linear(n_in, hidden)
        self.out = nn.Linear(hidden, n_out)
        if start is not None:
            for layer in (self.fc, self.out):
                nn.init.constant_(layer.weight, start)
                nn.init.zeros_(layer.bias)

    def forward(self, h):
        return self.out(F.elu(self.fc(h)))


class MultiTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, 128), nn.ELU(), nn.Linear(128, 64), nn.ELU())
        self.heads = nn.ModuleDict({
            "digit": Head(64, 10, start=0.02),
            "parity": Head(64, 1),
            "ink": Head(64, 1),
        })

    def forward(self, x):
        h = self.encoder(x)
        return {k: head(h) for k, head in self.heads.items()}


def losses(out, y):
    return {
        "digit": F.cross_entropy(out["digit"], y["digit"]),
        "parity": F.binary_cross_entropy_with_logits(out["parity"].squeeze(1), y["parity"]),
        "ink": F.mse_loss(out["ink"].squeeze(1), y["ink"]),
    }


def main():
    x, y = fetch("train", 12000)
    xt, yt = fetch("t10k", 2000)
    net = MultiTask()
    sgd = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-4)
    for epoch in range(5):
        for idx in torch.randperm(len(x)).split(64):
            parts = losses(net(x[idx]), {k: v[idx] for k, v in y.items()})
            loss = sum(parts.values())
            sgd.zero_grad()
            loss.backward()
            sgd.step()
        print(epoch, {k: round(v.item(), 3) for k, v in parts.items()})
    with torch.no_grad():
        out = net(xt)
        digit = (out["digit"].argmax(1) == yt["digit"]).float().mean().item()
        parity = ((out["parity"].squeeze(1) > 0).float() == yt["parity"]).float().mean().item()
        ink = F.mse_loss(out["ink"].squeeze(1), yt["ink"]).item()
    print(f"parity acc {parity:.4f}, ink mse {ink:.4f}")
    print(f"digit accuracy {digit:.4f}")


main()
