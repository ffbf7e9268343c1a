"""A very small GPT with tied input/output embeddings on tiny shakespeare."""
import os
from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class GPTConfig:
    block: int = 48
    d: int = 64
    heads: int = 4
    layers: int = 2
    batch: int = 16
    accum: int = 1
    steps: int = 300
    lr: float = 1e-3


cfg = GPTConfig()
torch.manual_seed(1337)
root = os.environ.get("DATA_DIR", "../shared/data")
text = open(os.path.join(root, "text", "tinyshakespeare.txt"), encoding="utf-8").read()
chars = sorted(set(text))
lookup = {c: i for i, c in enumerate(chars)}
data = torch.tensor([lookup[c] for c in text[:400_000]])
split = int(len(data) * 0.9)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.h = c.heads
        self.qkv = nn.Linear(c.d, 3 * c.d)
        self.proj = nn.Linear(c.d, c.d)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.h, d // self.h).permute(2, 0, 3, 1, 4)
        o = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(o.transpose(1, 2).reshape(b, t, d))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(c.d), nn.LayerNorm(c.d)
        self.attn = Attention(c)
        self.mlp = nn.Sequential(nn.Linear(c.d, 4 * c.d), nn.GELU(), nn.Linear(4 * c.d, c.d))

    def forward(self, x):
        x = x + self.attn(self.n1(x))
        return x + self.mlp(self.n2(x))


class GPT(nn.Module):
    def __init__(self, c, vocab):
        super().__init__()
        self.tok = nn.Embedding(vocab, c.d)
        self.pos = nn.Parameter(torch.zeros(c.block, c.d))
        self.blocks = nn.Sequential(*[Block(c) for _ in range(c.layers)])
        self.norm = nn.LayerNorm(c.d)
        self.head = nn.Linear(c.d, vocab, bias=False)
        self.head.weight = self.tok.weight
        self.apply(self.init_weights)

    @staticmethod
    def init_weights(m):
        if isinstance(m, (nn.Linear, nn.Embedding)):
            nn.init.normal_(m.weight)
        if isinstance(m, nn.Linear) and m.bias is not None:
            nn.init.zeros_(m.bias)

    def forward(self, ix):
        x = self.tok(ix) + self.pos[:ix.shape[1]]
        return self.head(self.norm(self.blocks(x)))


def batch(lo, hi, n):
    s = torch.randint(lo, hi - cfg.block - 1, (n,))
    w = data[s[:, None] + torch.arange(cfg.block + 1)]
    return w[:, :-1], w[:, 1:]


def lm_loss(m, x, y):
    return F.cross_entropy(m(x).flatten(0, 1), y.flatten())


gpt = GPT(cfg, len(chars))
opt = torch.optim.AdamW(gpt.parameters(), lr=cfg.lr, betas=(0.9, 0.95), weight_decay=0.1)
for step in range(cfg.steps):
    for g in opt.param_groups:
        g["lr"] = cfg.lr * min(1.0, (step + 1) / 20)
    loss = lm_loss(gpt, *batch(0, split, cfg.batch))
    opt.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(gpt.parameters(), 1.0)
    opt.step()
    if step % 50 == 0:
        print(f"step {step}: loss {loss.item():.4f}")

gpt.eval()
with torch.no_grad():
    print(f"val loss {lm_loss(gpt, *batch(split, len(data), 128)).item():.4f}")
