"""Encoder-decoder transformer that reverses digit strings; bf16 autocast, warm-up, label smoothing."""
import sys
from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


@dataclass
class Config:
    vocab: int = 11
    bos: int = 10
    length: int = 7
    dim: int = 48
    heads: int = 4
    batch: int = 48
    steps: int = 500
    warmup: int = 100
    lr: float = 4e-3
    smoothing: float = 0.1
    seed: int = 0


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.q, self.kv, self.o = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim), nn.Linear(dim, dim)

    def forward(self, x, mem, causal=False):
        b, t, c = x.shape
        q = self.q(x).view(b, t, self.heads, -1).transpose(1, 2)
        k, v = self.kv(mem).view(b, mem.shape[1], 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        out = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.o(out.transpose(1, 2).reshape(b, t, c))


class FeedForward(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.up, self.down = nn.Linear(dim, 2 * dim), nn.Linear(2 * dim, dim)

    def forward(self, x):
        return self.down(F.gelu(self.up(x)))


class Seq2Seq(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        d = cfg.dim
        self.tok = nn.Embedding(cfg.vocab, d)
        self.pos = nn.Parameter(torch.randn(cfg.length, d) * 0.3)
        self.enc, self.enc_ff = Attention(d, cfg.heads), FeedForward(d)
        self.dec, self.cross, self.dec_ff = Attention(d, cfg.heads), Attention(d, cfg.heads), FeedForward(d)
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(6))
        self.head = nn.Linear(d, cfg.vocab)

    def forward(self, src, tgt):
        n = self.norms
        m = self.tok(src) + self.pos
        y = n[0](m)
        m = m + self.enc(y, y)
        m = m + self.enc_ff(n[1](m))
        h = self.tok(tgt) + self.pos
        y = n[2](h)
        h = h + self.dec(y, y, causal=True)
        h = h + self.cross(n[3](h), n[4](m))
        h = h + self.dec_ff(n[5](h))
        return self.head(h)


def make_batch(cfg, n):
    src = torch.randint(10, (n, cfg.length))
    out = src.flip(1)
    tgt = torch.cat([torch.full((n, 1), cfg.bos), out[:, :-1]], 1)
    return src, tgt, out


def main():
    cfg = Config(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    torch.manual_seed(cfg.seed)
    model = Seq2Seq(cfg)
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    sched = torch.optim.lr_scheduler.LambdaLR(
        opt, lambda s: s / cfg.warmup if s < cfg.warmup else (cfg.steps - s) / (cfg.steps - cfg.warmup))
    for step in range(cfg.steps):
        src, tgt, out = make_batch(cfg, cfg.batch)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(src, tgt)
        loss = F.cross_entropy(logits.float().flatten(0, 1), out.flatten(), label_smoothing=cfg.smoothing)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        sched.step()
        if step % 100 == 0:
            print(f"step {step} lr {opt.param_groups[0]['lr']:.5f} loss {loss.item():.4f}")
    with torch.no_grad():
        src, tgt, out = make_batch(cfg, 1000)
        acc = (model(src, tgt).argmax(-1) == out).float().mean().item()
    print(f"final token accuracy {acc:.4f} (chance 0.1000)")


if __name__ == "__main__":
    main()
