"""Tiny GPT on tinyshakespeare with a small Trainer class."""
import math
import os
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


@dataclass
class TrainingArguments:
    steps: int = 500
    batch_size: int = 24
    learning_rate: float = 1e-4
    weight_decay: float = 0.0
    dtype: torch.dtype = torch.bfloat16
    log_every: int = 100
    seed: int = int(os.environ.get("SEED", 0))


@dataclass
class GPTConfig:
    vocab_size: int = 65
    block_size: int = 32
    n_embd: int = 64
    n_head: int = 4
    n_layer: int = 2


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.n_head = c.n_head
        self.ln1, self.ln2 = nn.LayerNorm(c.n_embd), nn.LayerNorm(c.n_embd)
        self.qkv = nn.Linear(c.n_embd, 3 * c.n_embd)
        self.proj = nn.Linear(c.n_embd, c.n_embd)
        self.mlp = nn.Sequential(nn.Linear(c.n_embd, 4 * c.n_embd), nn.GELU(), nn.Linear(4 * c.n_embd, c.n_embd))

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv(self.ln1(x)).view(B, T, 3, self.n_head, C // self.n_head).permute(2, 0, 3, 1, 4)
        att = (q @ k.transpose(-2, -1)) / math.sqrt(q.shape[-1])
        mask = torch.ones(T, T, dtype=torch.bool).triu(1)
        y = att.masked_fill(mask, float("-inf")).softmax(-1) @ v
        x = x + self.proj(y.transpose(1, 2).reshape(B, T, C))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.tok = nn.Embedding(c.vocab_size, c.n_embd)
        self.pos = nn.Embedding(c.block_size, c.n_embd)
        self.layers = nn.Sequential(*[Layer(c) for _ in range(c.n_layer)])
        self.ln = nn.LayerNorm(c.n_embd)
        self.head = nn.Linear(c.n_embd, c.vocab_size)

    def forward(self, idx):
        x = self.tok(idx) + self.pos(torch.arange(idx.shape[1]))
        return self.head(self.ln(self.layers(x)))


class Trainer:
    def __init__(self, model, args, train, val, block):
        self.model, self.args = model.to(args.dtype), args
        self.train_data, self.val_data, self.block = train, val, block
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, weight_decay=args.weight_decay)

    def batch(self, data, n):
        i = torch.randint(len(data) - self.block - 1, (n,))
        x = torch.stack([data[j:j + self.block + 1] for j in i])
        return x[:, :-1], x[:, 1:]

    def compute_loss(self, data, n):
        x, y = self.batch(data, n)
        logits = self.model(x).float()
        return F.cross_entropy(logits.flatten(0, 1), y.flatten())

    def train(self):
        for step in range(1, self.args.steps + 1):
            loss = self.compute_loss(self.train_data, self.args.batch_size)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            if step % self.args.log_every == 0:
                print({"step": step, "loss": round(loss.item(), 4)})

    @torch.no_grad()
    def evaluate(self):
        return sum(self.compute_loss(self.val_data, 64).item() for _ in range(10)) / 10


if __name__ == "__main__":
    args = TrainingArguments()
    torch.manual_seed(args.seed)
    with open(os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")) as f:
        text = f.read()
    chars = sorted(set(text))
    ids = torch.tensor([chars.index(ch) for ch in text[:300000]])
    cfg = GPTConfig(vocab_size=len(chars))
    trainer = Trainer(GPT(cfg), args, ids[:270000], ids[270000:], cfg.block_size)
    trainer.train()
    print(f"eval loss {trainer.evaluate():.4f}")
