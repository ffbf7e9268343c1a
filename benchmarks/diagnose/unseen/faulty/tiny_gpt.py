"""Tiny character transformer with its own AdamW (nanoGPT without torch.optim)."""
import os
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class GPTConfig:
    block_size: int = 32
    n_layer: int = 2
    n_head: int = 4
    n_embd: int = 64
    batch_size: int = 16
    max_iters: int = 700
    lr: float = 1e-4
    weight_decay: float = 0.01
    dtype: torch.dtype = torch.bfloat16


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(c.n_embd), nn.LayerNorm(c.n_embd)
        self.qkv = nn.Linear(c.n_embd, 3 * c.n_embd)
        self.proj = nn.Linear(c.n_embd, c.n_embd)
        self.mlp = nn.Sequential(nn.Linear(c.n_embd, 4 * c.n_embd), nn.GELU(), nn.Linear(4 * c.n_embd, c.n_embd))
        self.h = c.n_head

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.h, C // self.h).transpose(1, 2) for t in self.qkv(self.ln1(x)).chunk(3, -1))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(a.transpose(1, 2).reshape(B, T, C))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, c, vocab):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocab, c.n_embd), nn.Embedding(c.block_size, c.n_embd)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.n_layer))
        self.ln_f, self.head = nn.LayerNorm(c.n_embd), nn.Linear(c.n_embd, vocab)

    def forward(self, idx):
        x = self.tok(idx) + self.pos(torch.arange(idx.size(1)))
        for b in self.blocks:
            x = b(x)
        return self.head(self.ln_f(x))


class AdamW:
    def __init__(self, params, lr, wd, betas=(0.9, 0.99), eps=1e-8):
        self.params, self.lr, self.wd, self.betas, self.eps, self.t = list(params), lr, wd, betas, eps, 0
        self.m = [torch.zeros_like(p, dtype=torch.float32) for p in self.params]
        self.v = [torch.zeros_like(p, dtype=torch.float32) for p in self.params]

    @torch.no_grad()
    def step(self):
        self.t += 1
        b1, b2 = self.betas
        for p, m, v in zip(self.params, self.m, self.v):
            g = p.grad.float()
            m.mul_(b1).add_(g, alpha=1 - b1)
            v.mul_(b2).addcmul_(g, g, value=1 - b2)
            upd = (m / (1 - b1 ** self.t)) / ((v / (1 - b2 ** self.t)).sqrt() + self.eps)
            p.sub_((self.lr * (upd + self.wd * p)).to(p.dtype))

    def zero_grad(self):
        for p in self.params:
            p.grad = None


def main():
    torch.set_num_threads(1)
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    cfg = GPTConfig()
    text = open(os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text/tinyshakespeare.txt")).read()
    chars = sorted(set(text))
    data = torch.tensor([chars.index(c) for c in text[:300000]])
    train, val = data[:270000], data[270000:]

    def batch(src, n):
        ix = torch.randint(len(src) - cfg.block_size - 1, (n,))
        return (torch.stack([src[i:i + cfg.block_size] for i in ix]),
                torch.stack([src[i + 1:i + 1 + cfg.block_size] for i in ix]))

    model = GPT(cfg, len(chars)).to(cfg.dtype)
    opt = AdamW(model.parameters(), cfg.lr, cfg.weight_decay)
    for it in range(cfg.max_iters):
        x, y = batch(train, cfg.batch_size)
        loss = F.cross_entropy(model(x).flatten(0, 1).float(), y.flatten())
        opt.zero_grad()
        loss.backward()
        opt.step()
        if it % 100 == 0:
            print(it, round(loss.item(), 4))
    with torch.no_grad():
        x, y = batch(val, 400)
        print(f"val loss {F.cross_entropy(model(x).flatten(0, 1).float(), y.flatten()).item():.4f}")


main()
