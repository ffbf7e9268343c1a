"""Stateful char-LSTM with tied input/output embeddings, truncated BPTT and weight averaging."""
import copy
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(10)

raw = open("../shared/data/text/tinyshakespeare.txt").read()[:150_000].lower()
alphabet = sorted(set(raw))
ids = torch.tensor([alphabet.index(c) for c in raw])
V, B, BPTT = len(alphabet), 24, 32
n_val = 15_000
val = ids[-n_val:]


def batchify(v, b):
    n = len(v) // b
    return v[: n * b].view(b, n)


class TiedLSTM(nn.Module):
    def __init__(self, dim=80):
        super().__init__()
        self.emb = nn.Embedding(V, dim)
        nn.init.normal_(self.emb.weight, std=0.1)
        self.rnn = nn.LSTM(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, V)
        self.out.weight = self.emb.weight

    def forward(self, x, state=None):
        y, state = self.rnn(self.emb(x), state)
        return self.out(y), state


@torch.no_grad()
def bits_per_char(m):
    d = batchify(val, 10)
    lg, _ = m(d[:, :400])
    return F.cross_entropy(lg.flatten(0, 1), d[:, 1:401].flatten()).item() / math.log(2)


model = TiedLSTM()
avg = copy.deepcopy(model).requires_grad_(False)
opt = torch.optim.RMSprop(model.parameters(), lr=4e-3)
stream = batchify(ids[:-n_val], B)
step, state = 0, None
for epoch in range(2):
    state = None
    for s in range(0, stream.shape[1] - BPTT - 1, BPTT):
        x, y = stream[:, s:s + BPTT], stream[:, s + 1:s + 1 + BPTT]
        if state is not None:
            state = tuple(t.detach() for t in state)
        logits, state = model(x, state)
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        opt.step()
        step += 1
        with torch.no_grad():
            for a, p in zip(avg.parameters(), model.parameters()):
                a.lerp_(p, 0.05)
        if step % 60 == 0:
            print(f"step {step}  train nll {loss.item():.4f}")

freq = torch.bincount(ids[:-n_val], minlength=V).float() + 1
uni = -(freq / freq.sum()).log2()[val].mean().item()
print(f"unigram bits/char {uni:.3f}")
print(f"model   bits/char {bits_per_char(model):.3f}   averaged {bits_per_char(avg):.3f}")
