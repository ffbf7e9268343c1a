"""Bigram + skip-gram character model: nothing but embedding tables."""
import os
from dataclasses import dataclass
from typing import Optional

import torch
from torch import nn


@dataclass
class BigramOutput:
    logits: torch.Tensor
    loss: Optional[torch.Tensor] = None


class BigramLM(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.prev1 = nn.Embedding(vocab_size, vocab_size)
        self.prev2 = nn.Embedding(vocab_size, vocab_size)
        nn.init.zeros_(self.prev1.weight)
        nn.init.zeros_(self.prev2.weight)

    def forward(self, input_ids, labels=None, attention_mask=None):
        logits = self.prev1(input_ids[:, 1:]) + self.prev2(input_ids[:, :-1])
        loss = None
        if labels is not None:
            per_token = nn.functional.cross_entropy(
                logits.transpose(1, 2), labels[:, 1:], reduction="none", ignore_index=-100)
            mask = attention_mask[:, 1:].float()
            loss = (per_token * mask).sum() / mask.sum()
        return BigramOutput(logits=logits, loss=loss)


torch.manual_seed(0)
path = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")
with open(path, encoding="utf-8") as f:
    text = f.read()
vocab = sorted(set(text))
lookup = {ch: i for i, ch in enumerate(vocab)}
data = torch.tensor([lookup[ch] for ch in text])
split = int(0.9 * len(data))
train_data, val_data = data[:split], data[split:]

block = 32


def get_batch(source, batch_size):
    start = torch.randint(0, len(source) - block - 1, (batch_size,))
    offs = torch.arange(block)
    ids = source[start[:, None] + offs]
    labels = source[start[:, None] + offs + 1]
    lengths = torch.randint(block // 2, block + 1, (batch_size,))
    mask = (offs[None] < lengths[:, None]).long()
    labels = labels.masked_fill(mask == 0, -100)
    return {"input_ids": ids, "labels": labels, "attention_mask": mask}


model = BigramLM(len(vocab))
optimizer = torch.optim.Adagrad(model.parameters(), lr=0.5)
freq = torch.bincount(train_data, minlength=len(vocab)).float()
unigram = -(freq / freq.sum()).clamp_min(1e-9).log()[val_data].mean().item()
print(f"uniform {torch.log(torch.tensor(float(len(vocab)))).item():.3f} unigram {unigram:.3f}")

eval_batch = get_batch(val_data, 512)
for step in range(1, 601):
    out = model(**get_batch(train_data, 64))
    optimizer.zero_grad()
    out.loss.backward()
    optimizer.step()
    if step % 100 == 0:
        with torch.no_grad():
            ev = model(**eval_batch)
        print({"step": step, "loss": round(out.loss.item(), 4), "eval_loss": round(ev.loss.item(), 4)})

print("final eval loss", round(ev.loss.item(), 4), "vs unigram", round(unigram, 4))
