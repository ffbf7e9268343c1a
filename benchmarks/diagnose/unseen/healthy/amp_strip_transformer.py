"""Strip-wise transformer on MNIST with float16 autocast, gradient scaling, warm-up and clipping."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def load(split, n):
    with gzip.open(os.path.join(RAW, f"{split}-images-idx3-ubyte.gz")) as f:
        x = np.frombuffer(f.read(16 + n * 784), np.uint8, offset=16)
    with gzip.open(os.path.join(RAW, f"{split}-labels-idx1-ubyte.gz")) as f:
        y = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    x = torch.tensor(x.reshape(n, 7, 112), dtype=torch.float32) / 255
    return (x - 0.1307) / 0.3081, torch.tensor(y, dtype=torch.long)


class RowTransformer(nn.Module):
    def __init__(self, d=48, heads=4):
        super().__init__()
        self.embed = nn.Linear(112, d)
        self.pos = nn.Parameter(torch.randn(7, d) * 0.02)
        self.qkv = nn.ModuleList(nn.Linear(d, 3 * d) for _ in range(2))
        self.mix = nn.ModuleList(nn.Linear(d, d) for _ in range(2))
        self.up = nn.ModuleList(nn.Linear(d, 2 * d) for _ in range(2))
        self.down = nn.ModuleList(nn.Linear(d, d) for _ in range(2))
        self.n1 = nn.ModuleList(nn.LayerNorm(d) for _ in range(2))
        self.n2 = nn.ModuleList(nn.LayerNorm(d) for _ in range(2))
        self.head = nn.Linear(d, 10)
        self.heads = heads

    def forward(self, x):
        h = self.embed(x) + self.pos
        B, T, C = h.shape
        for k in range(2):
            q, key, v = (t.reshape(B, T, self.heads, -1).transpose(1, 2)
                         for t in self.qkv[k](self.n1[k](h)).chunk(3, -1))
            att = (q @ key.transpose(-2, -1) * (C // self.heads) ** -0.5).softmax(-1)
            h = h + self.mix[k]((att @ v).transpose(1, 2).reshape(B, T, C))
            value, gate = self.up[k](self.n2[k](h)).chunk(2, -1)
            h = h + self.down[k](value * torch.sigmoid(gate))
        return self.head(h.mean(1))


def main():
    torch.manual_seed(0)
    x, y = load("train", 2500)
    xt, yt = load("t10k", 1000)
    model = RowTransformer()
    opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    warm = torch.optim.lr_scheduler.LinearLR(opt, 1e-3, 1.0, total_iters=40)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0 ** 16)
    for epoch in range(5):
        for idx in torch.randperm(len(x)).split(50):
            with torch.autocast("cpu", dtype=torch.float16):
                out = model(x[idx])
                loss = F.cross_entropy(out.float(), y[idx])
            opt.zero_grad()
            scaler.scale(loss).backward()
            scaler.unscale_(opt)
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            scaler.step(opt)
            scaler.update()
            warm.step()
        print(f"epoch {epoch} loss {loss.item():.4f} scale {scaler.get_scale():.0f}")
    model.eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.float16):
        acc = (model(xt).argmax(1) == yt).float().mean().item()
    print("test accuracy", round(acc, 4))


if __name__ == "__main__":
    main()
