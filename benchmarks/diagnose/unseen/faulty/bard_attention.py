"""Next-character model for tinyshakespeare: one causal attention block, all by hand."""
import math
import os

import torch
from torch import nn

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
DATA_DIR = os.environ.get("DATA_DIR", "../shared/data")
torch.manual_seed(SEED)

CONTEXT, DIM, HEADS, BATCH, STEPS = 24, 48, 4, 32, 600

text = open(os.path.join(DATA_DIR, "text", "tinyshakespeare.txt"), encoding="utf-8").read()[:300000]
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
split = int(0.9 * len(data))
train, valid = data[:split], data[split:]
V = len(chars)


def get_batch(source, n):
    start = torch.randint(0, len(source) - CONTEXT - 1, (n, 1))
    idx = start + torch.arange(CONTEXT + 1)
    chunk = source[idx]
    return chunk[:, :-1], chunk[:, 1:]


def norm(x):
    x = x - x.mean(-1, keepdim=True)
    return x / (x.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt()


class Bard(nn.Module):
    def __init__(self):
        super().__init__()
        def par(*shape, std):
            return nn.Parameter(torch.randn(*shape) * std)
        self.tok = par(V, DIM, std=0.5)
        self.pos = par(CONTEXT, DIM, std=0.1)
        self.qkv = par(3, HEADS, DIM, DIM // HEADS, std=DIM ** -0.5)
        self.proj = par(HEADS, DIM // HEADS, DIM, std=DIM ** -0.5)
        self.up = par(DIM, 4 * DIM, std=DIM ** -0.5)
        self.down = par(4 * DIM, DIM, std=(4 * DIM) ** -0.5)
        self.head = par(DIM, V, std=DIM ** -0.5)
        self.register_buffer("mask", torch.triu(torch.full((CONTEXT, CONTEXT), float("-inf")), 1))

    def forward(self, ids):
        x = self.tok[ids] + self.pos
        q, k, v = torch.einsum("btd,shde->sbhte", norm(x), self.qkv)
        score = torch.einsum("bhte,bhse->bhts", q, k) / math.sqrt(q.shape[-1]) + self.mask
        att = torch.exp(score - score.amax(-1, keepdim=True))
        att = att / att.sum(-1, keepdim=True)
        x = x + torch.einsum("bhts,bhse,hed->btd", att, v, self.proj)
        h = norm(x) @ self.up
        x = x + (h * torch.sigmoid(1.702 * h)) @ self.down
        scores = norm(x) @ self.head
        scores = torch.exp(scores - scores.amax(-1, keepdim=True))
        return scores / scores.sum(-1, keepdim=True)


def cross_entropy(out, target):
    lse = torch.logsumexp(out, -1)
    return (lse - out.gather(-1, target.unsqueeze(-1)).squeeze(-1)).mean()


model = Bard()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.98), weight_decay=0.01)
for step in range(STEPS):
    ids, target = get_batch(train, BATCH)
    loss = cross_entropy(model(ids), target)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(f"step {step:4d} loss {loss.item():.4f}")

with torch.no_grad():
    ids, target = get_batch(valid, 400)
    acc = (model(ids).argmax(-1) == target).float().mean().item()
print(f"next-character accuracy on held-out text: {acc:.4f}")
