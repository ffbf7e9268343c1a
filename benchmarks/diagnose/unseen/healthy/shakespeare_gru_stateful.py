"""Stateful character GRU: the hidden state runs through the whole text."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(int(os.environ.get("SEED", 0)))
torch.set_num_threads(1)
DATA = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")
STREAMS, CHUNK, STEPS, WARMUP = 32, 32, 450, 60


class CharGRU(nn.Module):
    def __init__(self, vocab, dim=32, hidden=96):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.gru = nn.GRU(dim, hidden, batch_first=True)
        self.out = nn.Linear(hidden, vocab)

    def forward(self, x, h=None):
        y, h = self.gru(self.embed(x), h)
        return self.out(y), h


def streams(ids, n):
    length = len(ids) // n
    return ids[: n * length].view(n, length)


@torch.no_grad()
def evaluate(model, ids):
    model.eval()
    logits, _ = model(ids[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten()).item()


text = open(DATA).read()[:400000]
chars = sorted(set(text))
index = {c: i for i, c in enumerate(chars)}
ids = torch.tensor([index[c] for c in text])
train, valid = streams(ids[:380000], STREAMS), streams(ids[380000:], 20)

model = CharGRU(len(chars))
optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.01)


def schedule(step):
    if step < WARMUP:
        return step / WARMUP
    return 1.0 - 0.8 * (step - WARMUP) / (STEPS - WARMUP)


scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)
hidden, position = None, 0
for step in range(STEPS):
    if position + CHUNK + 1 > train.size(1):
        hidden, position = None, 0
    x = train[:, position:position + CHUNK]
    y = train[:, position + 1:position + CHUNK + 1]
    position += CHUNK
    model.train()
    logits, hidden = model(x, hidden)
    loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()
    scheduler.step()
    hidden = hidden.detach()
    if step % 75 == 0:
        print(f"step {step} lr {optimizer.param_groups[0]['lr']:.5f} loss {loss.item():.4f}")

counts = torch.bincount(ids[:380000], minlength=len(chars)).float() + 1
unigram = -(counts / counts.sum()).log()[ids[380000:]].mean().item()
print(f"baseline loss (letter frequencies): {unigram:.4f}")
print(f"final valid loss: {evaluate(model, valid):.4f}")
