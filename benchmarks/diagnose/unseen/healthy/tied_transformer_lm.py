"""Causal character transformer: tied embeddings, warm-up from zero, bf16 autocast, clipping."""
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import LambdaLR

torch.set_num_threads(1)


class TransformerLM(nn.Module):
    def __init__(self, vocab, d=64, heads=4, layers=2, ctx=32):
        super().__init__()
        self.tok = nn.Embedding(vocab, d)
        self.pos = nn.Embedding(ctx, d)
        layer = nn.TransformerEncoderLayer(d, heads, 4 * d, dropout=0.0, activation="gelu",
                                           batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(d)
        self.lm_head = nn.Linear(d, vocab, bias=False)
        nn.init.normal_(self.tok.weight, std=0.02)
        nn.init.normal_(self.pos.weight, std=0.02)
        self.lm_head.weight = self.tok.weight
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(ctx))

    def forward(self, x):
        h = self.tok(x) + self.pos(torch.arange(x.size(1), device=x.device))
        h = self.encoder(h, mask=self.mask[: x.size(1), : x.size(1)], is_causal=True)
        return self.lm_head(self.norm(h))


class Corpus:
    def __init__(self, ctx, batch):
        root = os.environ.get("DATA_DIR", "../shared/data")
        text = open(os.path.join(root, "text", "tinyshakespeare.txt")).read()
        self.chars = sorted(set(text))
        table = {c: i for i, c in enumerate(self.chars)}
        ids = torch.tensor([table[c] for c in text])
        self.parts = {"train": ids[:1_000_000], "val": ids[1_000_000:]}
        self.ctx, self.batch = ctx, batch

    def sample(self, part):
        src = self.parts[part]
        start = torch.randint(len(src) - self.ctx - 1, (self.batch, 1))
        chunk = src[start + torch.arange(self.ctx + 1)]
        return chunk[:, :-1], chunk[:, 1:]


def main(steps=400, warmup=60, lr=3e-3):
    torch.manual_seed(3)
    corpus = Corpus(ctx=32, batch=24)
    model = TransformerLM(len(corpus.chars))
    opt = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.05)
    sched = LambdaLR(opt, lambda s: s / warmup if s < warmup else 0.5 * (1 + math.cos(math.pi * (s - warmup) / (steps - warmup))))
    print(f"uniform guess {math.log(len(corpus.chars)):.3f} nats")
    for step in range(1, steps + 1):
        x, y = corpus.sample("train")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(x)
        loss = F.cross_entropy(logits.float().flatten(0, 1), y.flatten())
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        opt.step()
        sched.step()
        if step % 80 == 0:
            model.eval()
            with torch.no_grad():
                v = sum(F.cross_entropy(model(a).flatten(0, 1), b.flatten()).item()
                        for a, b in (corpus.sample("val") for _ in range(6))) / 6
            model.train()
            print(f"step {step} lr {sched.get_last_lr()[0]:.5f} train {loss.item():.3f} val {v:.3f}")


if __name__ == "__main__":
    main()
