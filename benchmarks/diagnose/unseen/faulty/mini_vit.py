"""A small vision transformer trained from scratch on MNIST patches."""
import gzip
import os
from dataclasses import dataclass

import numpy as np
import torch
torch.set_num_threads(1)
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class ViTConfig:
    image: int = 28
    patch: int = 7
    dim: int = 48
    heads: int = 4
    depth: int = 2
    classes: int = 10
    initializer_range: float = 1.0


class Attention(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.heads = cfg.heads
        self.qkv = nn.Linear(cfg.dim, 3 * cfg.dim)
        self.proj = nn.Linear(cfg.dim, cfg.dim)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        out = F.scaled_dot_product_attention(q, k, v)
        return self.proj(out.transpose(1, 2).reshape(b, n, d))


class Block(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.norm1 = nn.LayerNorm(cfg.dim)
        self.attn = Attention(cfg)
        self.norm2 = nn.LayerNorm(cfg.dim)
        self.mlp = nn.Sequential(nn.Linear(cfg.dim, 2 * cfg.dim), nn.GELU(), nn.Linear(2 * cfg.dim, cfg.dim))

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        n = (cfg.image // cfg.patch) ** 2
        self.patch_embed = nn.Conv2d(1, cfg.dim, cfg.patch, stride=cfg.patch)
        self.pos = nn.Parameter(torch.randn(1, n, cfg.dim) * 0.02)
        self.blocks = nn.Sequential(*[Block(cfg) for _ in range(cfg.depth)])
        self.norm = nn.LayerNorm(cfg.dim)
        self.head = nn.Linear(cfg.dim, cfg.classes)
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            module.weight.data.normal_(mean=0.0, std=self.cfg.initializer_range)
            module.bias.data.zero_()

    def forward(self, img):
        x = self.patch_embed(img).flatten(2).transpose(1, 2) + self.pos
        return self.head(self.norm(self.blocks(x)).mean(dim=1))


def load(kind, n):
    root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST/raw")
    with gzip.open(os.path.join(root, f"{kind}-images-idx3-ubyte.gz")) as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)[:n]
    with gzip.open(os.path.join(root, f"{kind}-labels-idx1-ubyte.gz")) as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)[:n]
    return (torch.from_numpy(x.astype("float32")) / 255 - 0.13) / 0.31, torch.from_numpy(y.astype("int64"))


torch.manual_seed(9)
x_tr, y_tr = load("train", 6000)
x_te, y_te = load("t10k", 2000)
vit = ViT(ViTConfig())
epochs, bs = 3, 50
total = epochs * (len(x_tr) // bs)
opt = torch.optim.AdamW(vit.parameters(), lr=3e-3, weight_decay=0.05)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=3e-3, total_steps=total, pct_start=0.1)

for ep in range(epochs):
    vit.train()
    perm = torch.randperm(len(x_tr))
    for b in range(len(x_tr) // bs):
        sel = perm[b * bs:(b + 1) * bs]
        loss = F.cross_entropy(vit(x_tr[sel]), y_tr[sel])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
    print("epoch", ep, "last loss", round(loss.item(), 4))

vit.eval()
with torch.no_grad():
    acc = (vit(x_te).argmax(1) == y_te).float().mean().item()
print(f"final accuracy {acc:.4f}")
