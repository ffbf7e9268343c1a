"""Character language model: LSTM with forget-gate bias 1, output weights tied to the
embedding, truncated BPTT with carried (detached) state, Adagrad, gradient clipping."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(1234)

with open("../shared/data/text/tinyshakespeare.txt") as f:
    text = f.read()[:250_000].lower()
vocab = sorted(set(text))
lookup = {c: i for i, c in enumerate(vocab)}
data = torch.tensor([lookup[c] for c in text])
split = int(0.93 * len(data))


def batchify(seq, rows):
    n = len(seq) // rows
    return seq[: n * rows].view(rows, n).t().contiguous()      # time, rows


class TiedLM(nn.Module):
    def __init__(self, v, d=96):
        super().__init__()
        self.emb = nn.Embedding(v, d)
        self.lstm = nn.LSTM(d, d)
        self.norm = nn.LayerNorm(d)
        self.out = nn.Linear(d, v)
        self.out.weight = self.emb.weight
        nn.init.normal_(self.emb.weight, std=d ** -0.5)
        nn.init.zeros_(self.out.bias)
        with torch.no_grad():
            self.lstm.bias_ih_l0[d:2 * d] = 1.0
            self.lstm.bias_hh_l0[d:2 * d] = 0.0

    def forward(self, ids, state=None):
        h, state = self.lstm(self.emb(ids) * math.sqrt(self.emb.embedding_dim), state)
        return self.out(self.norm(h)), state


train, valid = batchify(data[:split], 48), batchify(data[split:], 8)
lm = TiedLM(len(vocab))
opt = torch.optim.Adagrad(lm.parameters(), lr=0.03)
BPTT, step = 32, 0
for epoch in range(1):
    state = None
    for i in range(0, train.shape[0] - 1 - BPTT, BPTT):
        x, y = train[i:i + BPTT], train[i + 1:i + 1 + BPTT]
        if state is not None:
            state = tuple(s.detach() for s in state)
        logits, state = lm(x, state)
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(lm.parameters(), 0.5)
        opt.step()
        if step % 30 == 0:
            print(f"step {step:4d}  loss {loss.item():.3f}  ppl {math.exp(loss.item()):.2f}")
        step += 1

with torch.no_grad():
    logits, _ = lm(valid[:-1])
    nll = F.cross_entropy(logits.flatten(0, 1), valid[1:].flatten()).item()
    freq = torch.bincount(data[:split], minlength=len(vocab)).float()
    uni = -(freq / freq.sum() + 1e-9).log()[valid[1:]].mean().item()
print(f"validation {nll / math.log(2):.3f} bits per char (unigram {uni / math.log(2):.3f})")
