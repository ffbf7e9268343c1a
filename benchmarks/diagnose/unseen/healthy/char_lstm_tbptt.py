"""Char LSTM with truncated BPTT, tied input/output embeddings and a linear warm-up."""
import math
import os

import torch
import torch.nn as nn

torch.manual_seed(123)

DATA = os.environ.get("DATA_DIR", "../shared/data")
BATCH, BPTT, DIM = 32, 32, 96
STEPS, WARMUP, LR = 320, 60, 6e-3

with open(os.path.join(DATA, "text/tinyshakespeare.txt")) as fh:
    text = fh.read()[:500_000]
vocab = sorted(set(text))
index = {c: i for i, c in enumerate(vocab)}
codes = torch.tensor([index[c] for c in text])
cut = int(len(codes) * 0.92)


def batchify(x, b):
    n = len(x) // b
    return x[: n * b].view(b, n)


train, valid = batchify(codes[:cut], BATCH), batchify(codes[cut:], 16)


class TiedLSTM(nn.Module):
    def __init__(self, n_tokens, dim):
        super().__init__()
        self.embed = nn.Embedding(n_tokens, dim)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.decoder = nn.Linear(dim, n_tokens)
        nn.init.normal_(self.embed.weight, std=0.1)
        self.decoder.weight = self.embed.weight
        nn.init.zeros_(self.decoder.bias)
        with torch.no_grad():
            self.lstm.bias_ih_l0[dim:2 * dim].fill_(1.5)

    def forward(self, x, state=None):
        out, state = self.lstm(self.embed(x), state)
        return self.decoder(out), state


def evaluate(model):
    model.eval()
    state, total, count = None, 0.0, 0
    with torch.no_grad():
        for i in range(0, 1024, BPTT):
            x, y = valid[:, i:i + BPTT], valid[:, i + 1:i + 1 + BPTT]
            logits, state = model(x, state)
            total += criterion(logits.flatten(0, 1), y.flatten()).item() * y.numel()
            count += y.numel()
    model.train()
    return total / count


def lr_at(step):
    if step < WARMUP:
        return step / WARMUP
    return 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP)))


model = TiedLSTM(len(vocab), DIM)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lr_at)

state = None
for step in range(STEPS):
    lo = (step * BPTT) % (train.size(1) - BPTT - 1)
    x, y = train[:, lo:lo + BPTT], train[:, lo + 1:lo + 1 + BPTT]
    if state is not None:
        state = tuple(s.detach() for s in state)
    logits, state = model(x, state)
    loss = criterion(logits.flatten(0, 1), y.flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()
    scheduler.step()
    if step % 40 == 0:
        print(f"step {step:4d}  lr {scheduler.get_last_lr()[0]:.5f}  loss {loss.item():.4f}")

freq = torch.bincount(codes[:cut], minlength=len(vocab)).float()
unigram = -(freq / freq.sum() + 1e-9).log()[valid.flatten()].mean()
print(f"unigram baseline {unigram:.4f}")
print(f"final val loss {evaluate(model):.4f}")
