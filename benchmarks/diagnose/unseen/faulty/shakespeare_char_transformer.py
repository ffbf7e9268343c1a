"""Small decoder-only transformer on tiny Shakespeare, characters."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

hp = {"ctx": 48, "d": 64, "heads": 4, "layers": 2, "batch": 32, "lr": 1e-3, "iters": 700}


class CausalAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(d, 3 * d)
        self.proj = nn.Linear(d, d)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(y.transpose(1, 2).reshape(B, T, C))


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attn = CausalAttention(d, heads)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class CharLM(nn.Module):
    def __init__(self, vocab, hp):
        super().__init__()
        self.tok = nn.Embedding(vocab, hp["d"])
        self.pos = nn.Embedding(hp["ctx"], hp["d"])
        self.blocks = nn.Sequential(*[Block(hp["d"], hp["heads"]) for _ in range(hp["layers"])])
        self.ln = nn.LayerNorm(hp["d"])
        self.head = nn.Linear(hp["d"], vocab)

    def forward(self, idx):
        x = self.tok(idx) + self.pos(torch.arange(idx.shape[1]))
        x = self.head(self.ln(self.blocks(x)))
        return F.softmax(x, dim=-1)


def batch(data, hp):
    i = torch.randint(0, len(data) - hp["ctx"] - 1, (hp["batch"],))
    x = torch.stack([data[j:j + hp["ctx"]] for j in i])
    y = torch.stack([data[j + 1:j + hp["ctx"] + 1] for j in i])
    return x, y


@torch.no_grad()
def next_char_accuracy(model, data, hp):
    g = torch.Generator().manual_seed(0)
    i = torch.randint(0, len(data) - hp["ctx"] - 1, (200,), generator=g)
    x = torch.stack([data[j:j + hp["ctx"]] for j in i])
    y = torch.stack([data[j + 1:j + hp["ctx"] + 1] for j in i])
    return (model(x).argmax(-1) == y).float().mean().item()


def main():
    torch.manual_seed(1337)
    root = os.environ.get("DATA_DIR", "../shared/data")
    text = open(os.path.join(root, "text", "tinyshakespeare.txt"), encoding="utf-8").read()
    chars = sorted(set(text))
    stoi = {c: i for i, c in enumerate(chars)}
    data = torch.tensor([stoi[c] for c in text])
    cut = int(0.9 * len(data))
    train, val = data[:cut], data[cut:]
    model = CharLM(len(chars), hp)
    opt = torch.optim.AdamW(model.parameters(), lr=hp["lr"])
    for it in range(1, hp["iters"] + 1):
        x, y = batch(train, hp)
        out = model(x)
        loss = F.cross_entropy(out.view(-1, out.shape[-1]), y.view(-1))
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        if it % 100 == 0:
            print(f"iter {it} loss {loss.item():.4f} val next-char acc {next_char_accuracy(model, val, hp):.4f}")
    print(f"final val next-char acc {next_char_accuracy(model, val, hp):.4f}")


if __name__ == "__main__":
    main()
