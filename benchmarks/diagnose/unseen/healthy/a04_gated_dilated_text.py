"""WaveNet-like character model on tiny shakespeare."""
import collections
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
text = open("../shared/data/text/tinyshakespeare.txt").read()[:300_000].lower()
chars = sorted(set(text))
ids = torch.tensor([chars.index(c) for c in text])
train, val = ids[:270_000], ids[270_000:]


class GatedLayer(nn.Module):
    def __init__(self, ch, dilation, last=False):
        super().__init__()
        self.pad = dilation
        self.filt = nn.Conv1d(ch, ch, 2, dilation=dilation)
        self.gate = nn.Conv1d(ch, ch, 2, dilation=dilation)
        self.skip = nn.Conv1d(ch, ch, 1)
        self.res = None if last else nn.Conv1d(ch, ch, 1)

    def forward(self, x):
        p = F.pad(x, (self.pad, 0))
        z = torch.tanh(self.filt(p)) * torch.sigmoid(self.gate(p))
        return (x if self.res is None else x + self.res(z)), self.skip(z)


class WaveText(nn.Module):
    def __init__(self, vocab, ch=40):
        super().__init__()
        self.emb = nn.Embedding(vocab, ch)
        self.layers = nn.ModuleList(GatedLayer(ch, 2 ** i, i == 4) for i in range(5))
        self.head = nn.Sequential(nn.ReLU(), nn.Conv1d(ch, 64, 1), nn.ReLU(), nn.Conv1d(64, vocab, 1))

    def forward(self, idx):
        x, total = self.emb(idx).transpose(1, 2), 0
        for l in self.layers:
            x, s = l(x)
            total = total + s
        return self.head(total)


def batch(src, n=12, T=64):
    st = torch.randint(0, len(src) - T - 1, (n,))
    w = torch.stack([src[s:s + T + 1] for s in st])
    return w[:, :-1], w[:, 1:]


model = WaveText(len(chars))
opt = torch.optim.Adam(model.parameters(), lr=4e-3)
for it in range(250):
    x, y = batch(train)
    loss = F.cross_entropy(model(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 50 == 0:
        print(it, round(loss.item(), 3))
model.eval()
with torch.no_grad():
    x, y = batch(val, 128)
    v = F.cross_entropy(model(x), y).item()
n = collections.Counter(text)
uni = -sum(c / len(text) * math.log(c / len(text)) for c in n.values())
print(f"val nats/char {v:.3f}, unigram entropy {uni:.3f}")
