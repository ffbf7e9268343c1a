"""Causal transformer on associative recall: k1 v1 k2 v2 ... query -> value."""
import torch
torch.set_num_threads(1)
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(8)
KEYS, VALUES, PAIRS = 8, 8, 4
VOCAB = KEYS + VALUES
LENGTH = 2 * PAIRS + 1


def batch(n):
    keys = torch.rand(n, KEYS).argsort(1)[:, :PAIRS]
    vals = torch.randint(0, VALUES, (n, PAIRS))
    seq = torch.empty(n, LENGTH, dtype=torch.long)
    seq[:, 0:-1:2] = keys
    seq[:, 1::2] = vals + KEYS
    pick = torch.randint(0, PAIRS, (n, 1))
    seq[:, -1] = keys.gather(1, pick).squeeze(1)
    return seq, vals.gather(1, pick).squeeze(1)


class CausalSelfAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.h = heads
        self.q, self.k, self.v, self.o = (nn.Linear(d, d, bias=False) for _ in range(4))
        mask = torch.full((LENGTH, LENGTH), float("-inf")).triu(1)
        self.register_buffer("mask", mask)

    def forward(self, x):
        B, T, D = x.shape
        q, k, v = (f(x).view(B, T, self.h, -1).transpose(1, 2) for f in (self.q, self.k, self.v))
        scores = q @ k.transpose(-2, -1) / (D // self.h) ** 0.5 + self.mask[:T, :T]
        y = scores.softmax(-1) @ v
        return self.o(y.transpose(1, 2).reshape(B, T, D))


class Layer(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attn = CausalSelfAttention(d, heads)
        self.ff = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.ff(self.ln2(x))


class Recall(nn.Module):
    def __init__(self, d=48, heads=2, layers=2):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, d)
        self.prev = nn.Embedding(VOCAB, d)
        self.pos = nn.Embedding(LENGTH, d)
        self.layers = nn.Sequential(*[Layer(d, heads) for _ in range(layers)])
        self.ln = nn.LayerNorm(d)
        self.unembed = nn.Linear(d, VALUES)

    def forward(self, seq):
        shifted = F.pad(seq, (1, 0))[:, :-1]
        x = self.tok(seq) + self.prev(shifted) + self.pos(torch.arange(seq.size(1)))
        return self.unembed(self.ln(self.layers(x))[:, -1])


model = Recall()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
STEPS, WARMUP, ACCUM = 450, 40, 2
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(s / WARMUP, 1.0) * (1 - s / (STEPS + 1)))

for step in range(STEPS):
    for _ in range(ACCUM):
        seq, answer = batch(48)
        loss = F.cross_entropy(model(seq), answer) / ACCUM
        loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    schedule.step()
    if step % 75 == 0:
        print(f"step {step} loss {loss.item() * ACCUM:.4f}")

model.eval()
with torch.no_grad():
    seq, answer = batch(2000)
    acc = (model(seq).argmax(-1) == answer).float().mean().item()
print(f"chance {1 / VALUES:.3f}")
print(f"final accuracy {acc:.4f}")
