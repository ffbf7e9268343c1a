"""Character LSTM on tiny Shakespeare: tied embedding/decoder, truncated BPTT with carried state."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(9)
torch.set_num_threads(1)

text = open("../shared/data/text/tinyshakespeare.txt", encoding="utf-8").read()[:180000]
vocab = sorted(set(text))
stoi = {c: i for i, c in enumerate(vocab)}
data = torch.tensor([stoi[c] for c in text])
split = 160000
train_ids, val_ids = data[:split], data[split:]

BATCH, BPTT, EMB = 32, 24, 64


def batchify(ids, batch):
    n = len(ids) // batch
    return ids[: n * batch].view(batch, n)


class CharLSTM(nn.Module):
    def __init__(self, n_tokens, emb):
        super().__init__()
        self.embed = nn.Embedding(n_tokens, emb)
        self.lstm = nn.LSTM(emb, emb * 2, batch_first=True)
        self.project = nn.Linear(emb * 2, emb, bias=False)
        self.decoder = nn.Linear(emb, n_tokens)
        nn.init.normal_(self.embed.weight, std=0.1)
        self.decoder.weight = self.embed.weight
        nn.init.zeros_(self.decoder.bias)
        with torch.no_grad():
            h = emb * 2
            self.lstm.bias_ih_l0[h:2 * h].fill_(1.0)

    def forward(self, x, state=None):
        out, state = self.lstm(self.embed(x) * 8.0, state)
        return self.decoder(self.project(out) * 2.0), state


def repackage(state):
    return tuple(s.detach() for s in state)


@torch.no_grad()
def perplexity(model, ids):
    model.eval()
    grid = batchify(ids, 16)
    state, total, n = None, 0.0, 0
    for i in range(0, grid.size(1) - 1, 100):
        x = grid[:, i:min(i + 100, grid.size(1) - 1)]
        y = grid[:, i + 1:i + 1 + x.size(1)]
        logits, state = model(x, state)
        total += F.cross_entropy(logits.reshape(-1, logits.size(-1)), y.reshape(-1), reduction="sum").item()
        n += y.numel()
    return math.exp(total / n)


model = CharLSTM(len(vocab), EMB)
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
sched = torch.optim.lr_scheduler.StepLR(opt, step_size=150, gamma=0.5)
grid = batchify(train_ids, BATCH)
state = None
model.train()
for step, i in enumerate(range(0, grid.size(1) - BPTT - 1, BPTT)):
    x, y = grid[:, i:i + BPTT], grid[:, i + 1:i + BPTT + 1]
    logits, state = model(x, state)
    state = repackage(state)
    loss = F.cross_entropy(logits.reshape(-1, len(vocab)), y.reshape(-1))
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    sched.step()
    if step % 40 == 0:
        print(f"step {step:3d} loss {loss.item():.3f}")

print(f"validation perplexity {perplexity(model, val_ids):.2f} (vocabulary {len(vocab)})")
