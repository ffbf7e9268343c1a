# Character language model on tiny shakespeare, GRU version.
import numpy as np
import torch
from torch import nn, optim

torch.set_num_threads(1)
torch.manual_seed(1337)
rng = np.random.default_rng(1337)

text = open("../shared/data/text/tinyshakespeare.txt").read()[:220_000].lower()
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
split = int(0.9 * len(data))
train, val = data[:split], data[split:]
V = len(chars)
print(f"{len(data)} characters, vocabulary {V}")

BLOCK, BATCH, HID, EMB = 32, 24, 80, 32


def get_batch(src):
    ix = rng.integers(0, len(src) - BLOCK - 1, size=BATCH)
    x = torch.stack([src[i:i + BLOCK] for i in ix])
    y = torch.stack([src[i + 1:i + 1 + BLOCK] for i in ix])
    return x, y


class CharModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(V, EMB)
        self.rnn = nn.GRU(EMB, HID, batch_first=True)
        self.dropout = nn.Dropout(0.05)
        self.out = nn.Sequential(nn.Linear(HID, V), nn.Softmax(dim=-1))

    def forward(self, x, h=None):
        z, h = self.rnn(self.embed(x), h)
        return self.out(self.dropout(z)), h


model = CharModel()
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=4e-3)


def estimate():
    model.eval()
    hits = n = 0
    with torch.no_grad():
        for _ in range(10):
            x, y = get_batch(val)
            p, _ = model(x)
            hits += (p.argmax(-1) == y).sum().item()
            n += y.numel()
    model.train()
    return hits / n


for it in range(1, 281):
    x, y = get_batch(train)
    scores, _ = model(x)
    loss = criterion(scores.reshape(-1, V), y.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if it % 40 == 0:
        print(f"iter {it}: loss {loss.item():.4f}  next-char acc {estimate():.3f}")

print(f"validation next-char accuracy: {estimate():.4f}")
