"""word2vec: skip-gram with negative sampling on Shakespeare-like topic text (SparseAdam)."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(14)

TOPICS, WORDS = 8, 400
word_topic = torch.arange(WORDS) % TOPICS
g = torch.Generator().manual_seed(14)
zipf = 1.0 / (torch.arange(WORDS).float() + 8)


def corpus(sentences=6000, length=12):
    topic = torch.randint(0, TOPICS, (sentences,), generator=g)
    same = (word_topic[None] == topic[:, None]).float()
    p = zipf[None] * (same * 0.8 * TOPICS + 0.2)
    return torch.multinomial(p, length, replacement=True, generator=g)


def pairs(text, window=3):
    c, o = [], []
    for d in range(1, window + 1):
        a, b = text[:, :-d].flatten(), text[:, d:].flatten()
        c += [a, b]
        o += [b, a]
    return torch.cat(c), torch.cat(o)


class SGNS(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.center = nn.Embedding(WORDS, dim, sparse=True)
        self.context = nn.Embedding(WORDS, dim, sparse=True)
        nn.init.uniform_(self.center.weight, -0.5 / dim, 0.5 / dim)
        nn.init.zeros_(self.context.weight)

    def forward(self, c, o, neg):
        v = self.center(c)
        pos = (v * self.context(o)).sum(-1)
        ng = torch.einsum("bd,bkd->bk", v, self.context(neg))
        return -(F.logsigmoid(pos) + F.logsigmoid(-ng).sum(1)).mean()


def purity(m, k=5):
    e = F.normalize(m.center.weight.detach(), dim=1)
    sim = e @ e.T
    sim.fill_diagonal_(-2)
    nn_idx = sim.topk(k).indices
    return (word_topic[nn_idx] == word_topic[:, None]).float().mean().item()


text = corpus()
C, O = pairs(text)
noise = torch.bincount(text.flatten(), minlength=WORDS).float() ** 0.75
model = SGNS()
opt = torch.optim.SparseAdam(model.parameters(), lr=8e-3)
print(f"{len(C)} pairs; neighbour purity before training {purity(model):.3f}")
STEPS = 900
for step in range(STEPS):
    i = torch.randint(0, len(C), (512,), generator=g)
    neg = torch.multinomial(noise, 512 * 5, replacement=True, generator=g).view(512, 5)
    loss = model(C[i], O[i], neg)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(f"step {step:4d} loss {loss.item():.4f} purity {purity(model):.3f}")
print(f"neighbour purity {purity(model):.4f} (chance {1 / TOPICS:.3f})")
