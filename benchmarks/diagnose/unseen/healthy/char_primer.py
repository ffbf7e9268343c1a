"""Char-level transformer with squared ReLU, zero-initialised output projections,
logit soft-capping, bf16 autocast, gradient accumulation and warm-up from zero."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
path = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")
text = open(path).read()[:250000]
vocab = sorted(set(text))
ids = torch.tensor([vocab.index(c) for c in text])
train, val = ids[:225000], ids[225000:]
D, HEADS, CTX, LAYERS, STEPS, ACCUM, BS = 64, 4, 32, 2, 250, 2, 24


def rms(x):
    return F.rms_norm(x, (x.shape[-1],))


class SquaredReLU(nn.Module):
    def forward(self, x):
        return F.relu(x).square()


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(D, 3 * D, bias=False)
        self.proj = nn.Linear(D, D, bias=False)
        self.up = nn.Linear(D, 4 * D, bias=False)
        self.act = SquaredReLU()
        self.down = nn.Linear(4 * D, D, bias=False)
        nn.init.zeros_(self.proj.weight)
        nn.init.zeros_(self.down.weight)

    def forward(self, x):
        B, T, _ = x.shape
        q, k, v = self.qkv(rms(x)).view(B, T, 3, HEADS, D // HEADS).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(rms(q), rms(k), v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(B, T, D))
        return x + self.down(self.act(self.up(rms(x))))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(len(vocab), D)
        self.pos = nn.Embedding(CTX, D)
        self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
        self.head = nn.Linear(D, len(vocab), bias=False)

    def forward(self, i):
        x = self.tok(i) + self.pos.weight[: i.shape[1]]
        logits = self.head(rms(self.blocks(rms(x))))
        return 15 * torch.tanh(logits.float() / 15)


def batch(src, n):
    s = torch.randint(len(src) - CTX - 1, (n,))[:, None] + torch.arange(CTX + 1)
    return src[s][:, :-1], src[s][:, 1:]


model = Model()
decay = [p for p in model.parameters() if p.ndim == 2]
opt = torch.optim.AdamW(decay, lr=4e-3, betas=(0.9, 0.98), weight_decay=0.01)
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: s / 30 if s < 30 else max(0.05, (STEPS - s) / (STEPS - 30)))
for step in range(STEPS):
    for micro in range(ACCUM):
        x, y = batch(train, BS)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        (loss / ACCUM).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    sched.step()
    opt.zero_grad(set_to_none=True)
    if step % 50 == 0:
        print(f"step {step} loss {loss.item():.3f} lr {sched.get_last_lr()[0]:.5f}")

model.eval()
with torch.no_grad():
    x, y = batch(val, 400)
    nll = F.cross_entropy(model(x).flatten(0, 1), y.flatten()).item()
    freq = torch.bincount(train, minlength=len(vocab)).float() + 1
    base = F.cross_entropy((freq / freq.sum()).log().expand(y.numel(), -1), y.flatten()).item()
print(f"val nll {nll:.4f}  baseline (unigram) {base:.4f}")
