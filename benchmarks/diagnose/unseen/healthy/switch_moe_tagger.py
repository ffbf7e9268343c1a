"""Top-1 routed mixture-of-experts tagger on padded sequences, label smoothing, load balancing."""
from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


@dataclass
class Args:
    vocab: int = 24
    d: int = 40
    ff: int = 48
    experts: int = 4
    tags: int = 5
    max_len: int = 14
    steps: int = 320
    batch: int = 40
    lr: float = 4e-3
    smooth: float = 0.1
    balance: float = 0.02


PAD, IGNORE = 0, -100


class SwitchFFN(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.router = nn.Linear(a.d, a.experts, bias=False)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(a.d, a.ff), nn.ReLU(), nn.Linear(a.ff, a.d)) for _ in range(a.experts))

    def forward(self, x, keep):
        flat = x[keep]
        prob = self.router(flat).softmax(-1)
        gate, pick = prob.max(-1)
        y = torch.zeros_like(flat)
        for e, net in enumerate(self.experts):
            sel = (pick == e).nonzero().flatten()
            if len(sel):
                y = y.index_add(0, sel, net(flat[sel]) * gate[sel, None])
        frac = F.one_hot(pick, prob.shape[-1]).float().mean(0)
        aux = prob.shape[-1] * (frac * prob.mean(0)).sum()
        out = torch.zeros_like(x)
        out[keep] = y
        return out, aux, frac


class Tagger(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.emb = nn.Embedding(a.vocab, a.d, padding_idx=PAD)
        self.pos = nn.Parameter(0.1 * torch.randn(a.max_len, a.d))
        self.att = nn.MultiheadAttention(a.d, 4, batch_first=True)
        self.n1, self.n2, self.nf = nn.LayerNorm(a.d), nn.LayerNorm(a.d), nn.LayerNorm(a.d)
        self.moe = SwitchFFN(a)
        self.out = nn.Linear(a.d, a.tags)

    def forward(self, ids):
        keep = ids != PAD
        h = self.emb(ids) + self.pos
        z = self.n1(h)
        h = h + self.att(z, z, z, key_padding_mask=~keep, need_weights=False)[0]
        m, aux, frac = self.moe(self.n2(h), keep)
        return self.out(self.nf(h + m)), aux, frac


def batch(a, n):
    x = torch.randint(1, a.vocab, (n, a.max_len))
    ln = torch.randint(5, a.max_len + 1, (n, 1))
    pad = torch.arange(a.max_len)[None] >= ln
    first = x[:, :1]
    y = (x + torch.where(x % 2 == 0, first, 2 * x)) % a.tags
    return x.masked_fill(pad, PAD), y.masked_fill(pad, IGNORE)


def main():
    a = Args()
    torch.manual_seed(17)
    net = Tagger(a)
    opt = torch.optim.AdamW(net.parameters(), lr=a.lr, weight_decay=0.01)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, a.lr, total_steps=a.steps)
    for s in range(a.steps):
        x, y = batch(a, a.batch)
        lg, aux, frac = net(x)
        loss = F.cross_entropy(lg.flatten(0, 1), y.flatten(), ignore_index=IGNORE, label_smoothing=a.smooth)
        opt.zero_grad()
        (loss + a.balance * aux).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        sched.step()
        if s % 40 == 0:
            print(f"{s:4d} loss {loss.item():.4f} experts " + " ".join(f"{v:.2f}" for v in frac.tolist()))
    net.eval()
    with torch.no_grad():
        x, y = batch(a, 500)
        m = y != IGNORE
        acc = (net(x)[0].argmax(-1) == y)[m].float().mean().item()
    print(f"tag accuracy {acc:.4f} (majority {torch.bincount(y[m]).max().item() / m.sum().item():.3f})")


if __name__ == "__main__":
    main()
