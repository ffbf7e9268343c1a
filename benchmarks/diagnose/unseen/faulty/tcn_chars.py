"""Temporal convolutional network as a character model (Bai et al. 2018)."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.parametrizations import weight_norm

torch.manual_seed(2)
path = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")
text = open(path, encoding="utf-8").read()[:300_000].lower()
vocab = sorted(set(text))
stoi = {c: i for i, c in enumerate(vocab)}
ids = torch.tensor([stoi[c] for c in text])
cut = int(0.9 * len(ids))
T, B, V = 48, 24, len(vocab)


class TemporalBlock(nn.Module):
    def __init__(self, c, k, dil):
        super().__init__()
        self.pad = (k - 1) * dil
        self.c1 = weight_norm(nn.Conv1d(c, c, k, dilation=dil))
        self.c2 = weight_norm(nn.Conv1d(c, c, k, dilation=dil))

    def forward(self, x):
        h = F.gelu(self.c1(F.pad(x, (self.pad, 0))))
        h = F.gelu(self.c2(F.pad(h, (self.pad, 0))))
        return x + h


class TCN(nn.Module):
    def __init__(self, c=48):
        super().__init__()
        self.emb = nn.Embedding(V, c)
        self.blocks = nn.Sequential(*[TemporalBlock(c, 3, d) for d in (1, 2, 4)])
        self.norm = nn.LayerNorm(c)
        self.head = nn.Linear(c, V)

    def forward(self, ix):
        h = self.blocks(self.emb(ix).transpose(1, 2)).transpose(1, 2)
        return F.log_softmax(self.head(self.norm(h)), dim=1)


def get(lo, hi, n=B):
    s = torch.randint(lo, hi - T - 1, (n,))
    i = s[:, None] + torch.arange(T + 1)
    return ids[i[:, :-1]], ids[i[:, 1:]]


model = TCN()
opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, 6e-3, total_steps=260)
for step in range(260):
    x, y = get(0, cut)
    logp = model(x)
    loss = F.nll_loss(logp.flatten(0, 1), y.flatten())
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    sched.step()
    if step % 40 == 0:
        print(f"step {step} loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    x, y = get(cut, len(ids), 128)
    logp = model(x)
    acc = (logp.argmax(-1) == y).float().mean().item()
    loss = F.nll_loss(logp.flatten(0, 1), y.flatten()).item()
print(f"valid loss {loss:.4f} next-char accuracy {acc:.4f} (most common {(y == y.flatten().mode()[0]).float().mean():.4f})")
