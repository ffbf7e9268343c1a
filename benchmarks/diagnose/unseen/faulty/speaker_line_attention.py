import math
import os
from collections import Counter
from dataclasses import dataclass

import torch
import torch.nn as nn
from torch.utils.data import DataLoader

ROOT = os.environ.get("DATA_DIR", "../shared/data")


@dataclass
class Cfg:
    dim: int = 32
    heads: int = 4
    max_len: int = 24
    vocab: int = 1500
    batch: int = 64
    epochs: int = 3
    lr: float = 1e-3


def read_lines(limit):
    """Lines of the plays, labelled by whether they end in a question or exclamation mark."""
    with open(os.path.join(ROOT, "text/tinyshakespeare.txt")) as f:
        lines = [ln.strip() for ln in f.read().split("\n")[:limit]]
    tok = lambda s: [w.strip(".,:;!?'-").lower() for w in s.split()]
    out = []
    for a in lines:
        if not a.endswith(":") and a:
            out.append((tok(a), int(a[-1] in "?!")))
    return out


class Vocab:
    def __init__(self, docs, size):
        counts = Counter(w for d, _ in docs for w in d if w)
        self.idx = {w: i + 1 for i, (w, _) in enumerate(counts.most_common(size - 1))}

    def encode(self, words, max_len):
        return [self.idx[w] for w in words if w in self.idx][:max_len]


def make_collate(vocab, cfg):
    def collate(batch):
        ids = torch.zeros(len(batch), cfg.max_len, dtype=torch.long)
        for r, (words, _) in enumerate(batch):
            enc = vocab.encode(words, cfg.max_len)
            ids[r, :len(enc)] = torch.tensor(enc, dtype=torch.long)
        return ids, torch.tensor([b[1] for b in batch], dtype=torch.float32)
    return collate


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.h, self.dk = heads, dim // heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x, keep):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.h, self.dk).permute(2, 0, 3, 1, 4)
        score = q @ k.transpose(-1, -2) / math.sqrt(self.dk)
        score = score.masked_fill(~keep[:, None, None, :], float("-inf"))
        return self.out((score.softmax(-1) @ v).transpose(1, 2).reshape(b, t, d))


class LineClassifier(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.tok = nn.Embedding(cfg.vocab, cfg.dim, padding_idx=0)
        self.pos = nn.Parameter(torch.randn(cfg.max_len, cfg.dim) * 0.02)
        self.norm = nn.LayerNorm(cfg.dim)
        self.attn = Attention(cfg.dim, cfg.heads)
        self.ff = nn.Sequential(nn.LayerNorm(cfg.dim), nn.Linear(cfg.dim, 64), nn.GELU(), nn.Linear(64, cfg.dim))
        self.head = nn.Linear(cfg.dim, 1)

    def forward(self, ids):
        keep = ids != 0
        x = self.tok(ids) + self.pos
        x = x + self.attn(self.norm(x), keep)
        x = x + self.ff(x)
        w = keep.unsqueeze(-1).float()
        return self.head((x * w).sum(1) / w.sum(1).clamp_min(1)).squeeze(-1)


def auc(score, y):
    rank = score.argsort().argsort().double() + 1
    pos = y.sum().double()
    return ((rank[y == 1].sum() - pos * (pos + 1) / 2) / (pos * (len(y) - pos))).item()


def main():
    cfg = Cfg()
    torch.manual_seed(4)
    docs = read_lines(9000)
    cut = int(0.85 * len(docs))
    collate = make_collate(Vocab(docs[:cut], cfg.vocab), cfg)
    train = DataLoader(docs[:cut], cfg.batch, shuffle=True, collate_fn=collate)
    xv, yv = collate(docs[cut:])
    net = LineClassifier(cfg)
    loss_fn = nn.BCEWithLogitsLoss()
    opt = torch.optim.AdamW(net.parameters(), lr=cfg.lr, weight_decay=0.01)
    for epoch in range(cfg.epochs):
        net.train()
        for ids, y in train:
            loss = loss_fn(net(ids), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            print(f"epoch {epoch} loss {loss.item():.4f}")
            score = net(xv)
    print(f"valid loss {loss_fn(score, yv).item():.4f}")
    print(f"metric {auc(score, yv) if torch.isfinite(score).all() else float('nan'):.4f}")


if __name__ == "__main__":
    main()
