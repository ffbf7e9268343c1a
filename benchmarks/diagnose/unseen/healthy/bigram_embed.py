"""Skip-gram with negative sampling on words of the corpus; sparse embedding gradients."""
import re
from collections import Counter
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
words = re.findall(r"[a-z']+", open("../shared/data/text/tinyshakespeare.txt").read().lower())
vocab = [w for w, c in Counter(words).most_common(600)]
index = {w: i for i, w in enumerate(vocab)}
ids = torch.tensor([index[w] for w in words if w in index])
freq = torch.bincount(ids, minlength=len(vocab)).float() ** 0.75
freq /= freq.sum()


class SkipGram(nn.Module):
    def __init__(self, v, d=48):
        super().__init__()
        self.inp = nn.Embedding(v, d, sparse=True)
        self.ctx = nn.Embedding(v, d, sparse=True)
        nn.init.uniform_(self.inp.weight, -0.5 / d, 0.5 / d)
        nn.init.zeros_(self.ctx.weight)                      # word2vec's own initialisation
        self.bias_unused = nn.Parameter(torch.zeros(v))      # kept for old checkpoints

    def forward(self, center, pos, neg):
        c = self.inp(center)
        p = (c * self.ctx(pos)).sum(-1)
        n = torch.einsum("bd,kd->bk", c, self.ctx(neg))
        return p, n


net = SkipGram(len(vocab))
opt = torch.optim.SparseAdam([net.inp.weight, net.ctx.weight], lr=4e-3)
blocks = ids[:len(ids) // 500 * 500].view(-1, 500)
held, train = blocks[::10].flatten(), blocks[torch.arange(len(blocks)) % 10 != 0].flatten()


def nce(center, pos, k=64):
    p, n = net(center, pos, torch.multinomial(freq, k, replacement=True))
    return -F.logsigmoid(p).mean() - F.logsigmoid(-n).mean(1).mean(), p, n


for it in range(1800):
    c = torch.randint(4, len(train) - 4, (512,))
    # next word only
    loss, _, _ = nce(train[c], train[c + 1])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 300 == 299:
        with torch.no_grad():
            c = torch.randint(4, len(held) - 4, (4000,))
            l, p, n = nce(held[c], held[c + 1], 800)
            auc = (p[:, None] > n).float().mean()
        print(f"{it + 1} train {loss.item():.3f} held-out {l.item():.3f} rank score {auc:.3f}")
