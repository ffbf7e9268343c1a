"""Character language model: TransformerEncoder with causal mask, warm-up from zero, gradient accumulation."""
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))

BLOCK, D, STEPS, WARMUP, ACCUM, BATCH = 32, 64, 350, 60, 2, 16
with open(os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")) as f:
    text = f.read()
vocab = {c: i for i, c in enumerate(sorted(set(text)))}
ids = torch.tensor([vocab[c] for c in text[:300000]])
train_ids, val_ids = ids[:270000], ids[270000:]


class CharLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(len(vocab), D)
        self.pos = nn.Parameter(torch.zeros(1, BLOCK, D))
        layer = nn.TransformerEncoderLayer(D, 4, 4 * D, dropout=0.05, activation="gelu",
                                           batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(D), enable_nested_tensor=False)
        self.bias = nn.Parameter(torch.zeros(len(vocab)))
        nn.init.normal_(self.tok.weight, std=0.1)
        self.register_buffer("mask", torch.triu(torch.full((BLOCK, BLOCK), float("-inf")), 1))

    def forward(self, x):
        h = self.enc(self.tok(x) * math.sqrt(D) + self.pos, mask=self.mask)
        return F.linear(h, self.tok.weight, self.bias)


def batch(split, n):
    i = torch.randint(0, len(split) - BLOCK - 1, (n,))
    w = split[i[:, None] + torch.arange(BLOCK + 1)]
    return w[:, :-1], w[:, 1:]


def lr_factor(step):
    if step < WARMUP:
        return step / WARMUP
    p = (step - WARMUP) / (STEPS - WARMUP)
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * p))


model = CharLM()
opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
sched = torch.optim.lr_scheduler.LambdaLR(opt, lr_factor)
for step in range(STEPS):
    opt.zero_grad()
    for _ in range(ACCUM):
        x, y = batch(train_ids, BATCH)
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten()) / ACCUM
        loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    opt.step()
    sched.step()
    if step % 50 == 0:
        print(f"step {step} lr {sched.get_last_lr()[0]:.2e} loss {loss.item() * ACCUM:.3f}")

model.eval()
with torch.no_grad():
    ce = torch.stack([F.cross_entropy(model(x).flatten(0, 1), y.flatten())
                      for x, y in (batch(val_ids, 32) for _ in range(20))]).mean().item()
freq = torch.bincount(train_ids, minlength=len(vocab)).float() + 1
unigram = F.nll_loss((freq / freq.sum()).log().expand(len(val_ids), -1), val_ids).item()
print(f"val nats/char {ce:.3f}   unigram {unigram:.3f}")
