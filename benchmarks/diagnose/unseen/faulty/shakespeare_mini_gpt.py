"""Character-level mini GPT on tiny shakespeare."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1337)

DATA_DIR = os.environ.get("DATA_DIR", "../shared/data")
text = open(os.path.join(DATA_DIR, "text", "tinyshakespeare.txt"), encoding="utf-8").read()[:300_000]
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
n = int(0.9 * len(data))
train_data, val_data = data[:n], data[n:]

block_size, batch_size = 32, 24
n_embd, n_head, n_layer = 48, 4, 2
max_iters, learning_rate = 400, 3e-3


def get_batch(split):
    d = train_data if split == "train" else val_data
    ix = torch.randint(len(d) - block_size - 1, (batch_size,))
    x = torch.stack([d[i:i + block_size] for i in ix])
    y = torch.stack([d[i + 1:i + block_size + 1] for i in ix])
    return x, y


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(n_embd), nn.LayerNorm(n_embd)
        self.qkv = nn.Linear(n_embd, 3 * n_embd)
        self.proj = nn.Linear(n_embd, n_embd)
        self.mlp = nn.Sequential(nn.Linear(n_embd, 4 * n_embd), nn.GELU(), nn.Linear(4 * n_embd, n_embd))

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv(self.ln1(x)).view(B, T, 3, n_head, C // n_head).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(a.transpose(1, 2).reshape(B, T, C))
        return x + self.mlp(self.ln2(x))


class MiniGPT(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.tok = nn.Embedding(vocab, n_embd)
        self.pos = nn.Embedding(block_size, n_embd)
        self.blocks = nn.Sequential(*[Block() for _ in range(n_layer)])
        self.ln_f = nn.LayerNorm(n_embd)
        self.head = nn.Linear(n_embd, vocab)

    def forward(self, idx):
        x = self.tok(idx) + self.pos(torch.arange(idx.size(1)))
        x = self.ln_f(self.blocks(x))
        return F.softmax(self.head(x), dim=-1)


model = MiniGPT(len(chars))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)


@torch.no_grad()
def evaluate(iters=20):
    model.eval()
    loss, acc = 0.0, 0.0
    for _ in range(iters):
        xb, yb = get_batch("val")
        out = model(xb)
        loss += criterion(out.flatten(0, 1), yb.flatten()).item()
        acc += (out.argmax(-1) == yb).float().mean().item()
    model.train()
    return loss / iters, acc / iters


for it in range(max_iters):
    xb, yb = get_batch("train")
    loss = criterion(model(xb).flatten(0, 1), yb.flatten())
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if it % 80 == 0 or it == max_iters - 1:
        vl, va = evaluate()
        print(f"iter {it}: train {loss.item():.4f}, val {vl:.4f}, val acc {va:.3f}")
print(f"final val loss {vl:.4f} acc {va:.4f}")
