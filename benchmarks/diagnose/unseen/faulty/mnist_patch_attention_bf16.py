import argparse, gzip, math, os
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
ROOT = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def images(name, n):
    with gzip.open(os.path.join(ROOT, name)) as f:
        return np.frombuffer(f.read(16 + 784 * n), np.uint8, offset=16).reshape(n, 28, 28)


def labels(name, n):
    with gzip.open(os.path.join(ROOT, name)) as f:
        return np.frombuffer(f.read(8 + n), np.uint8, offset=8)


def patchify(a):
    t = torch.tensor(a.copy()).float() / 255 - 0.13
    return t.unfold(1, 7, 7).unfold(2, 7, 7).reshape(len(t), 16, 49) * 3


class Attention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.h = heads
        self.qkv = nn.Linear(d, 3 * d)
        self.proj = nn.Linear(d, d)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).reshape(b, t, 3, self.h, d // self.h).permute(2, 0, 3, 1, 4)
        w = (q @ k.transpose(-1, -2) / math.sqrt(d // self.h)).softmax(-1)
        return self.proj((w @ v).transpose(1, 2).reshape(b, t, d))


class Encoder(nn.Module):
    def __init__(self, d=48, heads=4, depth=2):
        super().__init__()
        self.embed = nn.Linear(49, d)
        self.pos = nn.Parameter(torch.randn(16, d) * 0.1)
        self.attn = nn.ModuleList([Attention(d, heads) for _ in range(depth)])
        self.mlp = nn.ModuleList([nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d)) for _ in range(depth)])
        self.n1 = nn.ModuleList([nn.LayerNorm(d) for _ in range(depth)])
        self.n2 = nn.ModuleList([nn.LayerNorm(d) for _ in range(depth)])
        self.head = nn.Linear(d, 10)

    def forward(self, x):
        x = self.embed(x) + self.pos
        for a, m, n1, n2 in zip(self.attn, self.mlp, self.n1, self.n2):
            x = x + a(n1(x))
            x = x + m(n2(x))
        return self.head(x.mean(1))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--lr", type=float, default=1e-4)
    ap.add_argument("--beta2", type=float, default=0.99)
    ap.add_argument("--epochs", type=int, default=10)
    ap.add_argument("--batch", type=int, default=32)
    args = ap.parse_args()
    torch.manual_seed(0)
    n, m = 6000, 1500
    xtr, ytr = patchify(images("train-images-idx3-ubyte.gz", n)), torch.tensor(labels("train-labels-idx1-ubyte.gz", n).copy()).long()
    xte, yte = patchify(images("t10k-images-idx3-ubyte.gz", m)), torch.tensor(labels("t10k-labels-idx1-ubyte.gz", m).copy()).long()
    loader = DataLoader(TensorDataset(xtr, ytr), args.batch, shuffle=True)
    model = Encoder().to(torch.bfloat16)
    opt = torch.optim.AdamW(model.parameters(), lr=args.lr, betas=(0.9, args.beta2), weight_decay=0.01)
    for ep in range(args.epochs):
        tot = 0.0
        for x, y in loader:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(x.to(model.pos.dtype))
            loss = F.cross_entropy(logits.float(), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item()
        print(f"epoch {ep} loss {tot / len(loader):.4f}")
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        acc = (model(xte.to(model.pos.dtype)).argmax(1) == yte).float().mean().item()
    print(f"final_metric accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
