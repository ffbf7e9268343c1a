"""Bengio-style neural n-gram character model."""
import os
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

config = {
    "context": 8,
    "emb": 24,
    "hidden": 192,
    "batch_size": 256,
    "lr": 1e-4,
    "steps": 1500,
    "dtype": torch.bfloat16,
    "seed": 17,
}
torch.manual_seed(config["seed"])

path = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")
with open(path) as f:
    raw = f.read()[:200_000].lower()
vocab = sorted(set(raw))
lookup = {ch: i for i, ch in enumerate(vocab)}
ids = torch.tensor([lookup[c] for c in raw])
ctx = ids.unfold(0, config["context"] + 1, 1)
split = int(0.9 * len(ctx))
train, val = ctx[:split], ctx[split:][:6000]


class NGramLM(nn.Module):
    def __init__(self, vocab_size, cfg):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, cfg["emb"])
        self.fc1 = nn.Linear(cfg["context"] * cfg["emb"], cfg["hidden"])
        self.fc2 = nn.Linear(cfg["hidden"], cfg["hidden"])
        self.out = nn.Linear(cfg["hidden"], vocab_size)

    def forward(self, x):
        h = self.emb(x).flatten(1)
        h = torch.tanh(self.fc1(h))
        h = h + torch.tanh(self.fc2(h))
        return self.out(h)


model = NGramLM(len(vocab), config).to(config["dtype"])
optimizer = torch.optim.Adam(model.parameters(), lr=config["lr"])
print(f"{sum(p.numel() for p in model.parameters())} parameters, vocab {len(vocab)}")


@torch.no_grad()
def val_loss():
    logits = model(val[:, :-1])
    return F.cross_entropy(logits.float(), val[:, -1]).item()


start = time.time()
avg = 0.0
for step in range(1, config["steps"] + 1):
    rows = train[torch.randint(0, len(train), (config["batch_size"],))]
    logits = model(rows[:, :-1])
    loss = F.cross_entropy(logits.float(), rows[:, -1])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    avg += loss.item()
    if step % 150 == 0:
        print(f"step {step:5d}  train {avg / 150:.4f}  val {val_loss():.4f}  {time.time() - start:.1f}s")
        avg = 0.0
print(f"final val loss {val_loss():.4f}")
