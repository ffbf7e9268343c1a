from dataclasses import dataclass, field
import math
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


@dataclass
class ModelConfig:
    vocab: int = 11
    seq_len: int = 7
    d_model: int = 48
    d_ff: int = 160
    heads: int = 4
    depth: int = 2
    ffn_bias: float = -4.0      # start with sparse feed-forward activations
    dropout: float = 0.0


@dataclass
class TrainConfig:
    steps: int = 240
    batch: int = 80
    lr: float = 2e-3
    warmup: int = 25
    weight_decay: float = 1e-4
    seed: int = 21
    log_every: int = 30
    model: ModelConfig = field(default_factory=ModelConfig)


class FeedForward(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.up = nn.Linear(cfg.d_model, cfg.d_ff)
        self.down = nn.Linear(cfg.d_ff, cfg.d_model)
        nn.init.constant_(self.up.bias, cfg.ffn_bias)

    def forward(self, x):
        return self.down(F.relu(self.up(x)))


class Block(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.ln_a = nn.LayerNorm(cfg.d_model)
        self.ln_f = nn.LayerNorm(cfg.d_model)
        self.heads = cfg.heads
        self.qkv = nn.Linear(cfg.d_model, 3 * cfg.d_model)
        self.proj = nn.Linear(cfg.d_model, cfg.d_model)
        self.ffn = FeedForward(cfg)

    def attend(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        o = F.scaled_dot_product_attention(q, k, v)
        return self.proj(o.transpose(1, 2).reshape(b, t, d))

    def forward(self, x):
        x = x + self.attend(self.ln_a(x))
        return x + self.ffn(self.ln_f(x))


class ModProduct(nn.Module):
    """Predicts (token_t * token_{t+1}) mod vocab for each position."""

    def __init__(self, cfg):
        super().__init__()
        self.tok = nn.Embedding(cfg.vocab, cfg.d_model)
        self.pos = nn.Parameter(torch.randn(cfg.seq_len, cfg.d_model) * 0.5)
        self.blocks = nn.ModuleList(Block(cfg) for _ in range(cfg.depth))
        self.ln = nn.LayerNorm(cfg.d_model)
        self.head = nn.Linear(cfg.d_model, cfg.vocab)

    def forward(self, ids):
        h = self.tok(ids) + self.pos
        for blk in self.blocks:
            h = blk(h)
        return self.head(self.ln(h))


class Trainer:
    def __init__(self, cfg):
        self.cfg = cfg
        torch.manual_seed(cfg.seed)
        self.model = ModProduct(cfg.model)
        self.opt = torch.optim.AdamW(self.model.parameters(), lr=cfg.lr, weight_decay=cfg.weight_decay)
        self.sched = torch.optim.lr_scheduler.LambdaLR(self.opt, self.lr_at)

    def lr_at(self, step):
        c = self.cfg
        if step < c.warmup:
            return (step + 1) / c.warmup
        return 0.5 * (1 + math.cos(math.pi * (step - c.warmup) / (c.steps - c.warmup)))

    def batch(self, n):
        m = self.cfg.model
        x = torch.randint(0, m.vocab, (n, m.seq_len))
        nxt = torch.roll(x, -1, dims=1)
        return x, (x * nxt) % m.vocab

    def fit(self):
        t0 = time.time()
        for step in range(self.cfg.steps):
            x, y = self.batch(self.cfg.batch)
            loss = F.cross_entropy(self.model(x).flatten(0, 1), y.flatten())
            self.opt.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.opt.step()
            self.sched.step()
            if step % self.cfg.log_every == 0:
                print(f"[{step:4d}] loss={loss.item():.4f} lr={self.sched.get_last_lr()[0]:.2e}")
        return time.time() - t0

    @torch.no_grad()
    def evaluate(self):
        x, y = self.batch(512)
        return (self.model(x).argmax(-1) == y).float().mean().item()


if __name__ == "__main__":
    tr = Trainer(TrainConfig())
    tr.fit()
    print(f"token accuracy: {tr.evaluate():.4f}")
