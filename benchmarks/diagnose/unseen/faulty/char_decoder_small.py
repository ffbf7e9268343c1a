import math
import os
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

ROOT = os.environ.get("DATA_DIR", "../shared/data")


@dataclass
class GPTConfig:
    vocab: int = 0
    block: int = 32
    dim: int = 48
    heads: int = 4
    layers: int = 2
    init_std: float = 1.0
    lr: float = 4e-3
    batch: int = 24
    steps: int = 350
    warmup: int = 20


class GEGLU(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.proj = nn.Linear(dim, 2 * hidden)
        self.down = nn.Linear(hidden, dim)

    def forward(self, x):
        a, g = self.proj(x).chunk(2, -1)
        return self.down(a * F.gelu(g))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.h = c.heads
        self.n1, self.n2 = nn.LayerNorm(c.dim), nn.LayerNorm(c.dim)
        self.qkv, self.out = nn.Linear(c.dim, 3 * c.dim), nn.Linear(c.dim, c.dim)
        self.mlp = GEGLU(c.dim, 2 * c.dim)
        self.register_buffer("mask", torch.ones(c.block, c.block).tril().bool())

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(self.n1(x)).view(b, t, 3, self.h, d // self.h).permute(2, 0, 3, 1, 4)
        att = (q @ k.mT) / math.sqrt(d // self.h)
        att = att.masked_fill(~self.mask[:t, :t], float("-inf")).softmax(-1)
        x = x + self.out((att @ v).transpose(1, 2).reshape(b, t, d))
        return x + self.mlp(self.n2(x))


class CharGPT(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.tok = nn.Embedding(c.vocab, c.dim)
        self.pos = nn.Embedding(c.block, c.dim)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.layers))
        self.norm = nn.LayerNorm(c.dim)
        self.head = nn.Linear(c.dim, c.vocab, bias=False)
        self.apply(self._init)

    def _init(self, m):
        if isinstance(m, (nn.Linear, nn.Embedding)):
            nn.init.normal_(m.weight, mean=0.0, std=self.c.init_std)
        if isinstance(m, nn.Linear) and m.bias is not None:
            nn.init.zeros_(m.bias)

    def forward(self, ids):
        x = self.tok(ids) + self.pos(torch.arange(ids.shape[1]))
        for blk in self.blocks:
            x = blk(x)
        return self.head(self.norm(x))


def main():
    torch.manual_seed(9)
    with open(os.path.join(ROOT, "text/tinyshakespeare.txt")) as f:
        text = f.read()
    chars = sorted(set(text))
    lut = {ch: i for i, ch in enumerate(chars)}
    data = torch.tensor([lut[ch] for ch in text[:300000]])
    train, valid = data[:270000], data[270000:]
    c = GPTConfig(vocab=len(chars))
    net = CharGPT(c)
    opt = torch.optim.AdamW(net.parameters(), lr=c.lr, betas=(0.9, 0.98), weight_decay=0.01)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / c.warmup))

    def batch(src, n):
        at = torch.randint(0, len(src) - c.block - 1, (n,))
        win = torch.stack([src[i:i + c.block + 1] for i in at])
        return win[:, :-1], win[:, 1:]

    for step in range(c.steps):
        x, y = batch(train, c.batch)
        loss = F.cross_entropy(net(x).flatten(0, 1), y.flatten())
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        sched.step()
        if step % 70 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    with torch.no_grad():
        x, y = batch(valid, 200)
        print(f"metric {F.cross_entropy(net(x).flatten(0, 1), y.flatten()).item():.4f}")


if __name__ == "__main__":
    main()
