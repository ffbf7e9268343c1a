"""Decoder-only transformer that learns to sort digits. bf16 autocast + gradient accumulation."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(9)
LEN, VOCAB, SEP = 6, 9, 8
ACCUM, MICRO, UPDATES, WARMUP = 2, 64, 220, 30


def get_batch(n):
    x = torch.randint(0, 8, (n, LEN))
    y = x.sort(1).values
    seq = torch.cat([x, torch.full((n, 1), SEP), y], 1)
    return seq[:, :-1], seq[:, 1:]


class SelfAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, dim * 3, bias=False)
        self.out = nn.Linear(dim, dim, bias=False)
        mask = torch.triu(torch.full((64, 64), float("-inf")), diagonal=1)
        self.register_buffer("mask", mask)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = (z.view(b, t, self.heads, -1).transpose(1, 2) for z in self.qkv(x).chunk(3, -1))
        att = q @ k.transpose(-2, -1) / (d // self.heads) ** 0.5 + self.mask[:t, :t]
        att = att.softmax(-1).to(v.dtype)
        return self.out((att @ v).transpose(1, 2).reshape(b, t, d))


class Layer(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.att = SelfAttention(dim, heads)
        self.ff = nn.Sequential(nn.Linear(dim, 3 * dim), nn.ReLU(), nn.Linear(3 * dim, dim))
        nn.init.zeros_(self.att.out.weight)
        nn.init.zeros_(self.ff[2].weight)

    def forward(self, x):
        x = x + self.att(self.n1(x))
        return x + self.ff(self.n2(x))


class Sorter(nn.Module):
    def __init__(self, dim=48, depth=2, heads=4):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, dim)
        self.pos = nn.Embedding(2 * LEN, dim)
        self.layers = nn.ModuleList([Layer(dim, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim)

    def forward(self, idx):
        x = self.tok(idx) + self.pos.weight[: idx.size(1)]
        for layer in self.layers:
            x = layer(x)
        return F.linear(self.norm(x), self.tok.weight)


model = Sorter()
nn.init.normal_(model.tok.weight, std=0.15)
opt = torch.optim.AdamW(model.parameters(), lr=5e-3, betas=(0.9, 0.98))
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(s / WARMUP, max(0.02, 1 - s / UPDATES)))
amp = lambda: torch.autocast("cpu", dtype=torch.bfloat16)

for upd in range(UPDATES):
    total = 0.0
    for _ in range(ACCUM):
        x, y = get_batch(MICRO)
        with amp():
            logits = model(x)
        loss = F.cross_entropy(logits[:, LEN:].float().flatten(0, 1), y[:, LEN:].flatten()) / ACCUM
        loss.backward()
        total += loss.item()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    opt.zero_grad()
    sched.step()
    if upd % 20 == 0:
        print(f"update {upd:4d}  loss {total:.4f}")

model.eval()
with torch.no_grad():
    x, y = get_batch(1000)
    hit = (model(x)[:, LEN:].argmax(-1) == y[:, LEN:]).float()
print("most-common-digit baseline about 0.2")
print(f"final token accuracy {hit.mean():.4f}  whole sequences {hit.prod(1).mean():.4f}")
