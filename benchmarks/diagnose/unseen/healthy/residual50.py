"""50 residual blocks, bf16 autocast, gradient accumulation + clipping, warm-up from lr 0."""
import math
from dataclasses import dataclass

import torch
from sklearn.datasets import load_digits
from torch import nn


@dataclass(frozen=True)
class Cfg:
    blocks: int = 50
    dim: int = 48
    accum: int = 2
    micro: int = 40
    updates: int = 66
    warmup: int = 8
    peak_lr: float = 4e-3
    clip: float = 0.5
    seed: int = 2024


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.up = nn.Linear(d, d)
        self.down = nn.Linear(d, d)
        nn.init.zeros_(self.down.weight)      # every block is the identity at the start
        nn.init.zeros_(self.down.bias)

    def forward(self, x):
        return x + self.down(torch.relu(self.up(self.norm(x))))


def lr_factor(cfg):
    def f(step):
        if step < cfg.warmup:
            return step / cfg.warmup
        t = (step - cfg.warmup) / (cfg.updates - cfg.warmup)
        return 0.5 * (1 + math.cos(math.pi * min(t, 1.0)))
    return f


def run(cfg=Cfg()):
    torch.set_num_threads(1)
    torch.manual_seed(cfg.seed)
    raw = load_digits()
    X = torch.tensor(raw.data, dtype=torch.float32) / 16
    y = torch.tensor(raw.target)
    perm = torch.randperm(len(X))
    tr, te = perm[:1400], perm[1400:]

    model = nn.Sequential(nn.Linear(64, cfg.dim), *[Block(cfg.dim) for _ in range(cfg.blocks)],
                          nn.LayerNorm(cfg.dim), nn.Linear(cfg.dim, 10))
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.peak_lr, weight_decay=0.05, fused=True)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lr_factor(cfg))

    for upd in range(cfg.updates):
        opt.zero_grad(set_to_none=True)
        total = 0.0
        for _ in range(cfg.accum):
            b = tr[torch.randint(len(tr), (cfg.micro,))]
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(X[b])
            loss = nn.functional.cross_entropy(logits.float(), y[b]) / cfg.accum
            loss.backward()
            total += loss.item()
        nn.utils.clip_grad_norm_(model.parameters(), cfg.clip)
        opt.step()
        sched.step()
        if upd % 10 == 0:
            print(f"update {upd:4d}  lr {sched.get_last_lr()[0]:.2e}  loss {total:.4f}")

    model.eval()
    with torch.no_grad():
        acc = (model(X[te]).argmax(1) == y[te]).float().mean().item()
    print(f"test accuracy {acc:.4f}")


if __name__ == "__main__":
    run()
