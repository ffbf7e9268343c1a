"""Character LSTM: truncated BPTT, gradients summed over several backward passes, parameters moved by hand."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
path = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")
text = open(path).read()[:250000].lower()
chars = sorted(set(text))
ids = torch.tensor([chars.index(c) for c in text])
train, val = ids[:220000], ids[220000:]
V, BPTT, STREAMS, ACCUM, CLIP = len(chars), 24, 32, 3, 1.0


class CharLSTM(nn.Module):
    def __init__(self, vocab, emb=24, hidden=96):
        super().__init__()
        self.emb = nn.Embedding(vocab, emb)
        self.lstm = nn.LSTM(emb, hidden, batch_first=True)
        self.out = nn.Linear(hidden, vocab)

    def forward(self, x, state=None):
        h, state = self.lstm(self.emb(x), state)
        return self.out(h), state


def streams(seq, n):
    m = len(seq) // n
    return seq[:m * n].view(n, m)


model = CharLSTM(V)
src = streams(train, STREAMS)
lr, micro, updates = 4.0, 0, 0
for epoch in range(4):
    state = None
    for i in range(0, src.size(1) - BPTT - 1, BPTT):
        x, y = src[:, i:i + BPTT], src[:, i + 1:i + 1 + BPTT]
        if state is not None:
            state = tuple(s.detach() for s in state)
        logits, state = model(x, state)
        loss = F.cross_entropy(logits.reshape(-1, V), y.reshape(-1))
        (loss / ACCUM).backward()
        micro += 1
        if micro % ACCUM == 0:
            nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            for p in model.parameters():
                p.data.add_(p.grad, alpha=-lr)
                p.grad.zero_()
            updates += 1
    print(f"epoch {epoch} updates {updates} loss {loss.item():.4f}")

with torch.no_grad():
    v = streams(val, 10)
    logits, _ = model(v[:, :-1])
    nll = F.cross_entropy(logits.reshape(-1, V), v[:, 1:].reshape(-1)).item()
    freq = torch.bincount(train, minlength=V).float() + 1
    base = -(freq / freq.sum()).log()[val].mean().item()
print(f"val nll {nll:.4f}  baseline (unigram) {base:.4f}")
