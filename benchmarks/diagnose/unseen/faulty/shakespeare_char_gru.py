"""Next-character model on tiny Shakespeare with a GRU."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

PATH = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")
SEQ, BATCH, STEPS = 40, 32, 350

with open(PATH, encoding="utf-8") as f:
    text = f.read()[:250_000]
vocab = sorted(set(text))
stoi = {c: i for i, c in enumerate(vocab)}
ids = torch.tensor([stoi[c] for c in text])
n_val = 25_000
train_ids, val_ids = ids[:-n_val], ids[-n_val:]


def get_batch(source, size):
    start = torch.randint(0, len(source) - SEQ - 1, (size,))
    x = torch.stack([source[s:s + SEQ] for s in start.tolist()])
    y = torch.stack([source[s + 1:s + SEQ + 1] for s in start.tolist()])
    return x, y


class CharGRU(nn.Module):
    def __init__(self, n_vocab, emb=32, hidden=96):
        super().__init__()
        self.emb = nn.Embedding(n_vocab, emb)
        self.gru = nn.GRU(emb, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, n_vocab)

    def forward(self, x, state=None):
        out, state = self.gru(self.emb(x), state)
        return F.softmax(self.fc(out), dim=-1), state


@torch.no_grad()
def accuracy(model, n=20):
    model.eval()
    hits = total = 0
    for _ in range(n):
        x, y = get_batch(val_ids, BATCH)
        pred, _ = model(x)
        hits += (pred.argmax(-1) == y).sum().item()
        total += y.numel()
    model.train()
    return hits / total


def train():
    torch.manual_seed(42)
    model = CharGRU(len(vocab))
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    criterion = nn.NLLLoss()
    for step in range(1, STEPS + 1):
        x, y = get_batch(train_ids, BATCH)
        pred, _ = model(x)
        loss = criterion(pred.reshape(-1, len(vocab)), y.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step:4d} loss {loss.item():.4f} val acc {accuracy(model, 5):.4f}")
    return model


if __name__ == "__main__":
    model = train()
    torch.manual_seed(0)
    print("validation next-char accuracy", round(accuracy(model, 40), 4))
