import os
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
source = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")
text = open(source, encoding="utf-8").read()[:200000]
chars = sorted(set(text))
code = {c: i for i, c in enumerate(chars)}
ids = torch.tensor([code[c] for c in text])
cut = int(len(ids) * 0.9)
train, held = ids[:cut], ids[cut:]
LANES, SPAN = 32, 24


class GatedCell(nn.Module):
    """Minimal gated unit written out by hand."""

    def __init__(self, d_in, d_hid):
        super().__init__()
        self.wf = nn.Linear(d_in + d_hid, d_hid)
        self.wc = nn.Linear(d_in + d_hid, d_hid)

    def forward(self, x, h):
        f = torch.sigmoid(self.wf(torch.cat([x, h], 1)))
        c = torch.tanh(self.wc(torch.cat([x, f * h], 1)))
        return (1 - f) * h + f * c


class Stream(nn.Module):
    def __init__(self, vocab, d_emb=48, d_hid=128):
        super().__init__()
        self.codes = nn.Embedding(vocab, d_emb)
        self.codes.weight.requires_grad_(False)  # random codes stay as drawn
        self.cell = GatedCell(d_emb, d_hid)
        self.out = nn.Linear(d_hid, vocab)

    def forward(self, x, h):
        states = []
        for t in range(x.shape[1]):
            h = self.cell(self.codes(x[:, t]), h)
            states.append(h)
        return self.out(torch.stack(states, 1)), h


def lanes(seq, n):
    per = len(seq) // n
    return seq[:per * n].view(n, per)


net = Stream(len(chars))
opt = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=4e-3)
data = lanes(train, LANES)
spans = (data.shape[1] - 1) // SPAN
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, s / 60) * 0.998 ** s)
for epoch in range(2):
    h = torch.zeros(LANES, 128)
    for k in range(spans):
        x = data[:, k * SPAN:(k + 1) * SPAN]
        y = data[:, k * SPAN + 1:(k + 1) * SPAN + 1]
        logits, h = net(x, h.detach())
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        sched.step()
        if k % 100 == 0:
            print(f"epoch {epoch} span {k} loss {loss.item():.4f}")
with torch.no_grad():
    v = lanes(held, 16)[:, :400]
    logits, _ = net(v[:, :-1], torch.zeros(16, 128))
    nll = F.cross_entropy(logits.flatten(0, 1), v[:, 1:].flatten()).item()
    freq = (train.bincount(minlength=len(chars)).float() + 1) / (len(train) + len(chars))
    uni = -freq[v[:, 1:]].log().mean().item()
print(f"held-out bits {nll / math.log(2):.4f} (character frequencies {uni / math.log(2):.4f})")
