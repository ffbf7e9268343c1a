"""nano decoder-only LM, JAX -> PyTorch port."""
import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


@dataclass
class Config:
    ctx: int = 32
    d_model: int = 64
    n_head: int = 4
    n_layer: int = 2
    batch: int = 24
    steps: int = 190
    peak_lr: float = 2e-3
    min_lr: float = 2e-4
    warmup: int = 30


def scaled_normal_(w):
    fan_in = w.shape[1]
    with torch.no_grad():
        w.normal_(0.0, 1.0 * fan_in ** 0.5)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.h = c.n_head
        self.wq = nn.Linear(c.d_model, c.d_model, bias=False)
        self.wk = nn.Linear(c.d_model, c.d_model, bias=False)
        self.wv = nn.Linear(c.d_model, c.d_model, bias=False)
        self.wo = nn.Linear(c.d_model, c.d_model, bias=False)

    def forward(self, x):
        B, T, D = x.shape
        sp = lambda z: z.view(B, T, self.h, D // self.h).transpose(1, 2)
        o = F.scaled_dot_product_attention(sp(self.wq(x)), sp(self.wk(x)), sp(self.wv(x)), is_causal=True)
        return self.wo(o.transpose(1, 2).reshape(B, T, D))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(c.d_model), nn.LayerNorm(c.d_model)
        self.attn = Attention(c)
        self.mlp = nn.Sequential(nn.Linear(c.d_model, 4 * c.d_model), nn.GELU(), nn.Linear(4 * c.d_model, c.d_model))

    def forward(self, x):
        x = x + self.attn(self.n1(x))
        return x + self.mlp(self.n2(x))


class GPT(nn.Module):
    def __init__(self, c, vocab):
        super().__init__()
        self.wte = nn.Embedding(vocab, c.d_model)
        self.wpe = nn.Embedding(c.ctx, c.d_model)
        self.blocks = nn.ModuleList([Block(c) for _ in range(c.n_layer)])
        self.nf = nn.LayerNorm(c.d_model)
        self.head = nn.Linear(c.d_model, vocab, bias=False)
        self.apply(self._init)

    @staticmethod
    def _init(m):
        if isinstance(m, nn.Linear):
            scaled_normal_(m.weight)
            if m.bias is not None:
                nn.init.zeros_(m.bias)
        elif isinstance(m, nn.Embedding):
            nn.init.normal_(m.weight, std=0.5)

    def forward(self, idx):
        x = self.wte(idx) + self.wpe.weight[: idx.shape[1]]
        for b in self.blocks:
            x = b(x)
        return self.head(self.nf(x))


def lr_at(step, c):
    if step < c.warmup:
        return c.peak_lr * (step + 1) / c.warmup
    r = (step - c.warmup) / (c.steps - c.warmup)
    return c.min_lr + 0.5 * (c.peak_lr - c.min_lr) * (1 + math.cos(math.pi * r))


def main():
    c = Config()
    torch.manual_seed(2024)
    raw = open("../shared/data/text/tinyshakespeare.txt").read()[:200_000].lower()
    vocab = sorted(set(raw))
    lut = {ch: i for i, ch in enumerate(vocab)}
    ids = torch.tensor([lut[ch] for ch in raw])
    tr, va = ids[:180_000], ids[180_000:]

    def batch(src, n):
        i = torch.randint(0, len(src) - c.ctx - 1, (n,))
        w = src[i[:, None] + torch.arange(c.ctx + 1)]
        return w[:, :-1], w[:, 1:]

    model = GPT(c, len(vocab))
    opt = torch.optim.AdamW(model.parameters(), lr=c.peak_lr, betas=(0.9, 0.95), weight_decay=0.01)
    for step in range(c.steps):
        for gr in opt.param_groups:
            gr["lr"] = lr_at(step, c)
        x, y = batch(tr, c.batch)
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        if step % 30 == 0:
            print(f"step {step:4d} | loss {loss.item():9.4f}")

    model.eval()
    with torch.no_grad():
        x, y = batch(va, 256)
        lg = model(x)
        vl = F.cross_entropy(lg.flatten(0, 1), y.flatten()).item()
        acc = (lg.argmax(-1) == y).float().mean().item()
    print(f"val loss {vl:.4f}  val next-char acc {acc:.4f}")


if __name__ == "__main__":
    main()
