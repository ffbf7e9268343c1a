import contextlib
import os
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.parametrizations import weight_norm
from torch.utils.checkpoint import checkpoint

ROOT = os.environ.get("DATA_DIR", "../shared/data")


@dataclass
class Cfg:
    vocab: int = 0
    block: int = 32
    dim: int = 48
    layers: int = 3
    lr: float = 4e-3
    clip: float = 0.25
    accumulate: int = 2
    micro: int = 16
    updates: int = 120
    warmup: int = 25
    ema: float = 0.95


class SquaredReLU(nn.Module):
    def forward(self, x):
        return F.relu(x).square()


class RMSNorm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.g = nn.Parameter(torch.ones(d))

    def forward(self, x):
        return x * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + 1e-6).to(x.dtype) * self.g


class GatedConvBlock(nn.Module):
    """Causal depthwise mixing with a sigmoid gate, then a squared-ReLU channel MLP."""

    def __init__(self, d, span=6):
        super().__init__()
        self.span = span
        self.n1, self.n2 = RMSNorm(d), RMSNorm(d)
        self.inp = nn.Linear(d, 2 * d)
        self.mix = nn.Conv1d(d, d, span, groups=d)
        self.out = nn.Linear(d, d)
        self.up, self.act, self.down = nn.Linear(d, 3 * d), SquaredReLU(), nn.Linear(3 * d, d)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.down.weight)

    def forward(self, x):
        v, gate = self.inp(self.n1(x)).chunk(2, -1)
        v = self.mix(F.pad(v.transpose(1, 2), (self.span - 1, 0))).transpose(1, 2)
        x = x + self.out(v * torch.sigmoid(gate))
        return x + self.down(self.act(self.up(self.n2(x))))


class CharModel(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.tok = nn.Embedding(c.vocab, c.dim)
        self.blocks = nn.ModuleList(GatedConvBlock(c.dim) for _ in range(c.layers))
        self.norm = RMSNorm(c.dim)
        self.head = weight_norm(nn.Linear(c.dim, c.vocab))

    def forward(self, ids):
        x = self.tok(ids)
        for blk in self.blocks:
            x = checkpoint(blk, x, use_reentrant=False) if self.training else blk(x)
        return self.head(self.norm(x))


def main():
    torch.manual_seed(14)
    with open(os.path.join(ROOT, "text/tinyshakespeare.txt")) as f:
        text = f.read()[:300000]
    lut = {ch: i for i, ch in enumerate(sorted(set(text)))}
    data = torch.tensor([lut[ch] for ch in text])
    train, valid = data[:270000], data[270000:]
    c = Cfg(vocab=len(lut))
    net = CharModel(c)
    shadow = {k: v.detach().clone() for k, v in net.state_dict().items()}
    opt = torch.optim.AdamW(net.parameters(), lr=c.lr, weight_decay=0.01)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / c.warmup))
    half = lambda: torch.autocast("cpu", dtype=torch.bfloat16)

    def batch(src, n):
        at = torch.randint(0, len(src) - c.block - 1, (n,))
        w = torch.stack([src[i:i + c.block + 1] for i in at])
        return w[:, :-1], w[:, 1:]

    def loss_of(x, y, ctx):
        with ctx:
            logits = net(x)
        return F.cross_entropy(logits.float().flatten(0, 1), y.flatten())

    for step in range(c.updates):
        opt.zero_grad(set_to_none=True)
        for _ in range(c.accumulate):
            loss = loss_of(*batch(train, c.micro), half()) / c.accumulate
            loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), c.clip)
        opt.step()
        sched.step()
        for k, v in net.state_dict().items():
            shadow[k].lerp_(v, 1 - c.ema)
        if step % 30 == 0:
            print(f"step {step} loss {loss.item() * c.accumulate:.4f}")
    net.load_state_dict(shadow)
    net.eval()
    with torch.no_grad():
        freq = data.bincount().float() / len(data)
        print(f"baseline {-(freq * freq.clamp_min(1e-9).log()).sum().item():.4f}")
        print(f"metric {loss_of(*batch(valid, 150), contextlib.nullcontext()).item():.4f}")


if __name__ == "__main__":
    main()
