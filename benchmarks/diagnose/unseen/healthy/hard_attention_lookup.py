"""Associative lookup with hard (argmax) attention trained through a straight-through estimator."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(40)
N_KEYS, N_VALS, SLOTS, D = 20, 12, 8, 32


def make_batch(n):
    keys = torch.rand(n, N_KEYS).argsort(1)[:, :SLOTS]
    vals = torch.randint(0, N_VALS, (n, SLOTS))
    pick = torch.randint(0, SLOTS, (n,))
    q = keys.gather(1, pick[:, None]).squeeze(1)
    return keys, vals, q, vals.gather(1, pick[:, None]).squeeze(1)


class HardSelect(torch.autograd.Function):
    @staticmethod
    def forward(ctx, p):
        return F.one_hot(p.argmax(-1), p.shape[-1]).to(p.dtype)

    @staticmethod
    def backward(ctx, g):
        return g


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.key_emb = nn.Embedding(N_KEYS, D)
        self.val_emb = nn.Embedding(N_VALS, D)
        self.q_proj = nn.Linear(D, D, bias=False)
        self.k_proj = nn.Linear(D, D, bias=False)
        self.mlp = nn.Sequential(nn.LayerNorm(D), nn.Linear(D, 64), nn.ReLU(), nn.Linear(64, N_VALS))

    def forward(self, keys, vals, q):
        k = self.k_proj(self.key_emb(keys))
        qv = self.q_proj(self.key_emb(q))
        score = torch.einsum("bd,bsd->bs", qv, k) / D ** 0.5
        attn = score.softmax(-1)
        w = HardSelect.apply(attn)
        ctx = torch.einsum("bs,bsd->bd", w, self.val_emb(vals))
        return self.mlp(ctx), attn


model = Reader()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
STEPS = 900
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, STEPS, eta_min=1e-4)
for step in range(STEPS):
    keys, vals, q, t = make_batch(128)
    logits, attn = model(keys, vals, q)
    loss = F.cross_entropy(logits, t)
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 150 == 0 or step == STEPS - 1:
        peak = attn.max(-1).values.mean().item()
        acc = (logits.argmax(-1) == t).float().mean().item()
        print(f"{step:4d} loss {loss.item():.4f} acc {acc:.3f} attention peak {peak:.3f}")

with torch.no_grad():
    keys, vals, q, t = make_batch(4000)
    acc = (model(keys, vals, q)[0].argmax(-1) == t).float().mean().item()
print(f"final accuracy {acc:.4f}, guessing a slot {1 / SLOTS + (1 - 1 / SLOTS) / N_VALS:.4f}")
