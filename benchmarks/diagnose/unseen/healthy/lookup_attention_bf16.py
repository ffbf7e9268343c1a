"""Attention learns to look a value up by its key; mixed precision on the CPU."""
import math
import os
import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))

N_KEYS, N_VALUES, PAIRS, DIM = 20, 10, 8, 32
STEPS, BATCH, WARMUP = 900, 128, 80


def make_batch(n):
    keys = torch.rand(n, N_KEYS).argsort(dim=1)[:, :PAIRS]
    values = torch.randint(0, N_VALUES, (n, PAIRS))
    which = torch.randint(0, PAIRS, (n, 1))
    query = keys.gather(1, which).squeeze(1)
    target = values.gather(1, which).squeeze(1)
    return keys, values, query, target


class LookupAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.key_emb = nn.Embedding(N_KEYS, DIM)
        self.value_emb = nn.Embedding(N_VALUES, DIM)
        self.q = nn.Linear(DIM, DIM)
        self.k = nn.Linear(DIM, DIM)
        self.v = nn.Linear(DIM, DIM)
        self.norm = nn.LayerNorm(DIM)
        self.mlp = nn.Sequential(nn.Linear(DIM, 64), nn.GELU(), nn.Linear(64, DIM))
        self.out = nn.Linear(DIM, N_VALUES)
        self.weights = None

    def forward(self, keys, values, query):
        k = self.k(self.key_emb(keys))
        v = self.v(self.value_emb(values))
        q = self.q(self.key_emb(query)).unsqueeze(1)
        attention = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(DIM), dim=-1)
        self.weights = attention.detach()
        x = (attention @ v).squeeze(1)
        x = x + self.mlp(self.norm(x))
        return self.out(x)


model = LookupAttention()
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
scheduler = torch.optim.lr_scheduler.LambdaLR(
    optimizer, lambda s: min(s / WARMUP, 0.5 * (1 + math.cos(math.pi * s / STEPS)) + 0.02))

for step in range(STEPS):
    keys, values, query, target = make_batch(BATCH)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(keys, values, query)
    loss = criterion(logits.float(), target)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    scheduler.step()
    if step % 150 == 0:
        print(f"step {step}: loss {loss.item():.4f}")

model.eval()
with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
    keys, values, query, target = make_batch(4000)
    pred = model(keys, values, query).argmax(1)
print(f"mean largest attention weight: {model.weights.float().amax(-1).mean().item():.3f}")
print(f"baseline accuracy (guess): {1 / N_VALUES:.4f}")
print(f"final test accuracy: {(pred == target).float().mean().item():.4f}")
