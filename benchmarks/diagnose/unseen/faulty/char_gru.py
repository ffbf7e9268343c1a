"""Character language model on tiny Shakespeare."""
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)

SEQ, BATCH, STEPS, HIDDEN = 48, 24, 350, 128

path = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")
text = open(path, encoding="utf-8").read()[:400_000]
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
split = int(0.9 * len(data))
train_data, val_data = data[:split], data[split:]


def get_batch(source):
    ix = torch.randint(len(source) - SEQ - 1, (BATCH,))
    x = torch.stack([source[i:i + SEQ] for i in ix])
    y = torch.stack([source[i + 1:i + SEQ + 1] for i in ix])
    return x, y


class CharGRU(nn.Module):
    def __init__(self, vocab, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab, 32)
        self.gru = nn.GRU(32, hidden, batch_first=True)
        self.head = nn.Linear(hidden, vocab)

    def forward(self, x, h=None):
        out, h = self.gru(self.embed(x), h)
        return F.softmax(self.head(out), dim=-1), h


torch.manual_seed(17)
model = CharGRU(len(chars), HIDDEN)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)


@torch.no_grad()
def evaluate(batches=10):
    model.eval()
    losses, hits = [], []
    for _ in range(batches):
        x, y = get_batch(val_data)
        out, _ = model(x)
        losses.append(criterion(out.reshape(-1, len(chars)), y.reshape(-1)).item())
        hits.append((out.argmax(-1) == y).float().mean().item())
    model.train()
    return sum(losses) / batches, sum(hits) / batches


for step in range(1, STEPS + 1):
    x, y = get_batch(train_data)
    out, _ = model(x)
    loss = criterion(out.reshape(-1, len(chars)), y.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 50 == 0:
        vl, va = evaluate()
        print(f"step {step:4d} train {loss.item():.3f} val {vl:.3f} ppl {math.exp(vl):.2f} next-char acc {va:.3f}")
