import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
text = open("../shared/data/text/tinyshakespeare.txt").read()[:200_000]
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
train, valid = data[:180_000], data[180_000:]
BLOCK, DIM, HEADS = 48, 64, 4


def get_batch(src, n=20):
    ix = torch.randint(len(src) - BLOCK - 1, (n,)).tolist()
    return torch.stack([src[i:i + BLOCK] for i in ix]), torch.stack([src[i + 1:i + BLOCK + 1] for i in ix])


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(DIM), nn.LayerNorm(DIM)
        self.qkv, self.proj = nn.Linear(DIM, 3 * DIM), nn.Linear(DIM, DIM)
        self.mlp = nn.Sequential(nn.Linear(DIM, 4 * DIM), nn.ReLU(), nn.Linear(4 * DIM, DIM))
        self.register_buffer("mask", torch.triu(torch.full((BLOCK, BLOCK), float("-inf")), diagonal=1))

    def forward(self, x):
        B, T, _ = x.shape
        q, k, v = (t.view(B, T, HEADS, -1).transpose(1, 2) for t in self.qkv(self.ln1(x)).chunk(3, -1))
        att = q @ k.transpose(-1, -2) / math.sqrt(DIM // HEADS) + self.mask[:T, :T]
        y = torch.softmax(att, -1) @ v
        x = x + self.proj(y.transpose(1, 2).reshape(B, T, DIM))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok, self.pos = nn.Embedding(len(chars), DIM), nn.Embedding(BLOCK, DIM)
        self.layers = nn.ModuleList(Layer() for _ in range(2))
        self.ln = nn.LayerNorm(DIM)
        self.head = nn.Linear(DIM, len(chars), bias=False)
        self.head.weight = self.tok.weight                      # tied
        nn.init.normal_(self.tok.weight, std=0.02)
        nn.init.normal_(self.pos.weight, std=0.02)

    def forward(self, idx):
        x = self.tok(idx) + self.pos(torch.arange(idx.shape[1]))
        for layer in self.layers:
            x = layer(x)
        return self.head(self.ln(x))


model = GPT()
opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
for step in range(251):
    x, y = get_batch(train)
    loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
    opt.zero_grad(); loss.backward(); opt.step()
    if step % 50 == 0:
        with torch.no_grad():
            xv, yv = get_batch(valid, 64)
            v = F.cross_entropy(model(xv).flatten(0, 1), yv.flatten())
        print(step, f"train {loss.item():.3f} valid {v.item():.3f}")
