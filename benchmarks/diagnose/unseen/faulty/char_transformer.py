"""Next-character prediction with a tiny transformer encoder."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
text = open("../shared/data/text/tinyshakespeare.txt").read()[:200_000]
chars = sorted(set(text))
data = torch.tensor([chars.index(c) for c in text])
T, D = 16, 48


class Block(nn.Module):
    def __init__(self, d, heads=4):
        super().__init__()
        self.attn = nn.MultiheadAttention(d, heads, batch_first=True)
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.ff = nn.Sequential(nn.Linear(d, 4 * d), nn.ReLU(), nn.Linear(4 * d, d))

    def forward(self, x, mask):
        h = self.n1(x)
        x = x + self.attn(h, h, h, attn_mask=mask, need_weights=False)[0]
        return x + self.ff(self.n2(x))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok, self.pos = nn.Embedding(len(chars), D), nn.Embedding(T, D)
        self.blocks = nn.ModuleList(Block(D) for _ in range(2))
        self.neck = nn.Sequential(nn.LayerNorm(D), nn.ReLU(), nn.Linear(D, D))
        self.out = nn.Linear(D, len(chars))
        nn.init.constant_(self.neck[0].bias, -5.0)
        self.register_buffer("mask", torch.full((T, T), float("-inf")).triu(1))

    def forward(self, i):
        x = self.tok(i) + self.pos(torch.arange(T))
        for b in self.blocks:
            x = b(x, self.mask)
        return self.out(self.neck(x))


def batch(n, lo, hi):
    s = torch.randint(lo, hi - T - 1, (n, 1)) + torch.arange(T + 1)
    return data[s[:, :-1]], data[s[:, 1:]]


model = Model()
opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
for step in range(250):
    x, y = batch(24, 0, 180_000)
    loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
    opt.zero_grad(); loss.backward(); opt.step()
    if step % 50 == 0:
        print(step, f"{loss.item():.3f}")
with torch.no_grad():
    x, y = batch(200, 180_000, 200_000)
    print("val loss", F.cross_entropy(model(x).flatten(0, 1), y.flatten()).item())
