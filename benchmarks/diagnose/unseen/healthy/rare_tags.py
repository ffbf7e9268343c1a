"""Multi-label tagging of sparse counts; stable binary cross entropy written out."""
import torch
torch.set_num_threads(1)
import torch.nn as nn

VOCAB, TAGS, TOPICS = 150, 12, 10


def hard_swish(x):
    return x * torch.clamp(x + 3.0, 0.0, 6.0) / 6.0


def stable_bce(z, y, pos_weight):
    per = torch.maximum(z, torch.zeros_like(z)) - z * y + torch.log1p(torch.exp(-z.abs()))
    w = torch.where(y > 0, pos_weight.expand_as(y), torch.ones_like(y))
    return (w * per).mean()


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp = nn.Linear(VOCAB, 80)
        self.mid = nn.Linear(80, 80)
        self.gate = nn.Linear(80, 80)
        self.out = nn.Linear(80, TAGS)
        nn.init.constant_(self.out.bias, -2.0)

    def forward(self, x):
        h = hard_swish(self.inp(x))
        g = torch.clamp(0.2 * self.gate(h) + 0.5, 0, 1)
        h = (1 - g) * h + g * hard_swish(self.mid(h))
        return self.out(h)


def corpus(n, g, word, tag):
    mix = torch.distributions.Dirichlet(torch.full((TOPICS,), 0.15)).sample((n,))
    counts = torch.poisson(40 * (mix @ word), generator=g)
    y = (mix @ tag > 0.45).float()
    return torch.log1p(counts), y


def macro_f1(z, y):
    p = (z > 0).float()
    tp = (p * y).sum(0)
    return (2 * tp / (p.sum(0) + y.sum(0)).clamp(min=1)).mean().item()


torch.manual_seed(77)
g = torch.Generator().manual_seed(77)
word = torch.softmax(2.0 * torch.randn(TOPICS, VOCAB, generator=g), 1)
tag = torch.zeros(TOPICS, TAGS)
for k in range(TAGS):
    tag[k % TOPICS, k] = 1.0
    tag[(3 * k + 1) % TOPICS, k] = 0.8
x, y = corpus(5000, g, word, tag)
xv, yv = corpus(1500, g, word, tag)
x_mean, x_std = x.mean(0), x.std(0) + 0.05
x, xv = (x - x_mean) / x_std, (xv - x_mean) / x_std

net = Tagger()
opt = torch.optim.Adam(net.parameters(), lr=1.5e-3)
pw = torch.tensor(2.0)
for epoch in range(8):
    perm = torch.randperm(len(x))
    for k, sl in enumerate(perm.split(50)):
        loss = stable_bce(net(x[sl]), y[sl], pw) / 2
        loss.backward()
        if k % 2 == 1:
            opt.step()
            opt.zero_grad()
    print("epoch", epoch, round(loss.item(), 4))
with torch.no_grad():
    print("all-positive f1", round(macro_f1(torch.ones_like(yv), yv), 4))
    print("final macro_f1", round(macro_f1(net(xv), yv), 4))
