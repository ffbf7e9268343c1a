"""Character-level GPT on tiny Shakespeare."""
import math
import os
import sys
from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


@dataclass
class GPTConfig:
    vocab: int = 0
    block: int = 48
    n_layer: int = 2
    n_head: int = 4
    dim: int = 64
    batch: int = 24
    steps: int = 350
    lr: float = 3e-3
    warmup: int = 30
    seed: int = 0


class Block(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.n_head = cfg.n_head
        self.ln1, self.ln2 = nn.LayerNorm(cfg.dim), nn.LayerNorm(cfg.dim)
        self.qkv = nn.Linear(cfg.dim, 3 * cfg.dim)
        self.proj = nn.Linear(cfg.dim, cfg.dim)
        self.up = nn.Linear(cfg.dim, 4 * cfg.dim)
        self.down = nn.Linear(4 * cfg.dim, cfg.dim)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = self.qkv(self.ln1(x)).view(b, t, 3, self.n_head, -1).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(a.transpose(1, 2).reshape(b, t, c))
        return x + self.down(F.gelu(self.up(self.ln2(x))))


class GPT(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.tok = nn.Embedding(cfg.vocab, cfg.dim)
        self.pos = nn.Parameter(0.02 * torch.randn(cfg.block, cfg.dim))
        self.blocks = nn.ModuleList(Block(cfg) for _ in range(cfg.n_layer))
        self.ln_f = nn.LayerNorm(cfg.dim)
        self.head = nn.Linear(cfg.dim, cfg.vocab)

    def forward(self, idx):
        x = self.tok(idx) + self.pos[: idx.shape[1]]
        for block in self.blocks:
            x = block(x)
        return F.softmax(self.head(self.ln_f(x)), dim=-1)


def main():
    cfg = GPTConfig(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    torch.manual_seed(cfg.seed)
    path = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")
    text = open(path, encoding="utf-8").read()
    chars = sorted(set(text))
    cfg.vocab = len(chars)
    ids = torch.tensor([chars.index(c) for c in text[:400_000]])
    train, val = ids[:360_000], ids[360_000:]

    def get_batch(data, n):
        i = torch.randint(len(data) - cfg.block - 1, (n,))
        win = data[i[:, None] + torch.arange(cfg.block + 1)]
        return win[:, :-1], win[:, 1:]

    model = GPT(cfg)
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=0.01)
    sched = torch.optim.lr_scheduler.LambdaLR(
        opt, lambda s: min(1.0, (s + 1) / cfg.warmup) * 0.5 * (1 + math.cos(math.pi * s / cfg.steps)))
    for step in range(cfg.steps):
        x, y = get_batch(train, cfg.batch)
        loss = F.cross_entropy(model(x).view(-1, cfg.vocab), y.reshape(-1))
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        sched.step()
        if step % 50 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    with torch.no_grad():
        x, y = get_batch(val, 200)
        acc = (model(x).argmax(-1) == y).float().mean().item()
    print(f"final next-char accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
