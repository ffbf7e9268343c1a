"""Transformer encoder that writes a token sequence in sorted order."""
import sys
from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


@dataclass
class Config:
    vocab: int = 10
    length: int = 8
    dim: int = 48
    heads: int = 4
    layers: int = 2
    batch: int = 48
    steps: int = 600
    lr: float = 1.5e-4
    seed: int = 0


class Sorter(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.tok = nn.Embedding(cfg.vocab, cfg.dim)
        self.pos = nn.Embedding(cfg.length, cfg.dim)
        layer = nn.TransformerEncoderLayer(cfg.dim, cfg.heads, 2 * cfg.dim, dropout=0.0,
                                           activation="gelu", batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, cfg.layers, enable_nested_tensor=False)
        self.head = nn.Linear(cfg.dim, cfg.vocab)

    def forward(self, x):
        h = self.tok(x) + self.pos(torch.arange(x.shape[1]))
        return self.head(self.body(h))


class Trainer:
    def __init__(self, cfg):
        torch.manual_seed(cfg.seed)
        self.cfg = cfg
        self.model = Sorter(cfg).bfloat16()
        self.opt = torch.optim.AdamW(self.model.parameters(), lr=cfg.lr, weight_decay=0.0)

    def batch(self, n):
        x = torch.randint(self.cfg.vocab, (n, self.cfg.length))
        return x, x.sort(1).values

    def train(self):
        for step in range(self.cfg.steps):
            x, y = self.batch(self.cfg.batch)
            logits = self.model(x)
            loss = F.cross_entropy(logits.float().reshape(-1, self.cfg.vocab), y.reshape(-1))
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            if step % 100 == 0:
                print(f"step {step} loss {loss.item():.4f} acc {self.accuracy():.3f}")

    @torch.no_grad()
    def accuracy(self):
        x, y = self.batch(1000)
        return (self.model(x).argmax(-1) == y).float().mean().item()


if __name__ == "__main__":
    trainer = Trainer(Config(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0))
    trainer.train()
    print(f"final token accuracy {trainer.accuracy():.4f}")
