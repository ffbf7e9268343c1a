"""Route support tickets to a queue with a small self-attention encoder."""
import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

torch.set_num_threads(1)
QUEUES = ["billing", "network", "account", "hardware", "feedback"]


@dataclass
class Cfg:
    dim: int = 48
    heads: int = 4
    layers: int = 2
    max_len: int = 20
    min_freq: int = 4
    epochs: int = 5
    lr: float = 1e-3
    batch_size: int = 64


def synth_tickets(n, seed):
    rng = np.random.default_rng(seed)
    common = [f"w{i}" for i in range(120)]
    topical = {q: [f"{q[:3]}{i}" for i in range(40)] for q in QUEUES}
    out = []
    for _ in range(n):
        q = int(rng.integers(len(QUEUES)))
        length = int(rng.integers(1, 19))
        words = []
        for _ in range(length):
            u = rng.random()
            if u < 0.25:
                words.append(topical[QUEUES[q]][rng.integers(40)])
            elif u < 0.35:
                words.append(topical[QUEUES[rng.integers(len(QUEUES))]][rng.integers(40)])
            elif u < 0.45:
                words.append(f"id{rng.integers(10 ** 6)}")     # order numbers, names ...
            else:
                words.append(common[rng.integers(120)])
        out.append((words, q))
    return out


class Tickets(Dataset):
    def __init__(self, rows, vocab, max_len):
        self.rows, self.vocab, self.max_len = rows, vocab, max_len

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        words, q = self.rows[i]
        ids = [self.vocab[w] for w in words if w in self.vocab][: self.max_len]
        return ids, q


def collate(batch):
    width = max(len(ids) for ids, _ in batch)
    x = torch.zeros(len(batch), width, dtype=torch.long)
    for r, (ids, _) in enumerate(batch):
        x[r, : len(ids)] = torch.tensor(ids, dtype=torch.long)
    return x, torch.tensor([q for _, q in batch])


class SelfAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.h, self.dk = heads, dim // heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, pad):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.h, self.dk).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.dk)
        scores = scores.masked_fill(pad[:, None, None, :], float("-inf"))
        y = F.softmax(scores, dim=-1) @ v
        return self.proj(y.transpose(1, 2).reshape(b, t, d))


class Layer(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = SelfAttention(dim, heads)
        self.ff = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, x, pad):
        x = x + self.attn(self.n1(x), pad)
        return x + self.ff(self.n2(x))


class Router(nn.Module):
    def __init__(self, vocab_size, cfg):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, cfg.dim, padding_idx=0)
        self.pos = nn.Parameter(0.02 * torch.randn(cfg.max_len, cfg.dim))
        self.layers = nn.ModuleList(Layer(cfg.dim, cfg.heads) for _ in range(cfg.layers))
        self.out = nn.Linear(cfg.dim, len(QUEUES))

    def forward(self, ids):
        pad = ids == 0
        x = self.emb(ids) + self.pos[: ids.shape[1]]
        for layer in self.layers:
            x = layer(x, pad)
        keep = (~pad).unsqueeze(-1).float()
        return self.out((x * keep).sum(1) / keep.sum(1).clamp(min=1))


def evaluate(model, loader):
    model.eval()
    hit = n = 0
    with torch.no_grad():
        for ids, q in loader:
            hit += (model(ids).argmax(-1) == q).sum().item()
            n += len(q)
    return hit / n


def main(cfg=Cfg()):
    torch.manual_seed(0)
    train_rows, val_rows = synth_tickets(4000, 1), synth_tickets(800, 2)
    counts = Counter(w for words, _ in train_rows for w in words)
    vocab = {w: i + 1 for i, w in enumerate(sorted(w for w, c in counts.items() if c >= cfg.min_freq))}
    train = DataLoader(Tickets(train_rows, vocab, cfg.max_len), cfg.batch_size, shuffle=True, collate_fn=collate)
    val = DataLoader(Tickets(val_rows, vocab, cfg.max_len), 200, collate_fn=collate)
    model = Router(len(vocab) + 1, cfg)
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        model.train()
        seen = []
        for ids, q in train:
            opt.zero_grad()
            loss = F.cross_entropy(model(ids), q)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            seen.append(loss.item())
        print(f"epoch {epoch}: loss {np.mean(seen):.4f}  val acc {evaluate(model, val):.3f}")


if __name__ == "__main__":
    main()
