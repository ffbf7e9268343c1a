"""Associative recall with one-hot (hard) attention trained through a straight-through softmax."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(31)

KEYS, VALS, PAIRS = 12, 8, 6


def episodes(n):
    keys = torch.rand(n, KEYS).argsort(1)[:, :PAIRS]
    vals = torch.randint(0, VALS, (n, PAIRS))
    which = torch.randint(0, PAIRS, (n, 1))
    return keys, vals, keys.gather(1, which).squeeze(1), vals.gather(1, which).squeeze(1)


def one_hot_st(score, tau):
    soft = F.softmax(score / tau, dim=-1)
    hard = F.one_hot(soft.argmax(-1), soft.shape[-1]).to(soft.dtype)
    return hard + soft - soft.detach()


class Recall(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.key_emb = nn.Embedding(KEYS, d)
        self.query_emb = nn.Embedding(KEYS, d)
        self.val_emb = nn.Embedding(VALS, d)
        self.scale = d ** -0.5
        self.dec = nn.Sequential(nn.Linear(d, 48), nn.ReLU(), nn.Linear(48, VALS))

    def forward(self, k, v, q, tau=1.0):
        score = torch.einsum("bpd,bd->bp", self.key_emb(k), self.query_emb(q)) * self.scale
        w = one_hot_st(score, tau)
        return self.dec(torch.einsum("bp,bpd->bd", w, self.val_emb(v))), w


model = Recall()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
STEPS = 900
for step in range(STEPS):
    tau = max(0.5, 1.0 - step / STEPS)
    k, v, q, y = episodes(128)
    logits, w = model(k, v, q, tau)
    loss = F.cross_entropy(logits, y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(f"step {step:4d}  tau {tau:.2f}  loss {loss.item():.4f}")

with torch.no_grad():
    k, v, q, y = episodes(2000)
    logits, w = model(k, v, q)
    hit = (k.gather(1, w.argmax(1, keepdim=True)).squeeze(1) == q).float().mean()
    acc = (logits.argmax(1) == y).float().mean()
print(f"recall accuracy {acc:.4f} (chance {1 / VALS:.3f}), pointer accuracy {hit:.4f}")
