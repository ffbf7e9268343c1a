"""BiGRU-CRF tagger on synthetic BIO sequences; forward algorithm in log space, forbidden moves at -inf."""
import torch
import torch.nn as nn

torch.manual_seed(27)
V, TAGS, T = 30, 5, 16
O, B1, I1, B2, I2 = range(5)
ALLOWED = torch.ones(TAGS, TAGS, dtype=torch.bool)
for prev in range(TAGS):
    ALLOWED[prev, I1] = prev in (B1, I1)
    ALLOWED[prev, I2] = prev in (B2, I2)
START_OK = torch.tensor([True, True, False, True, False])


def gen(n):
    tags = torch.zeros(n, T, dtype=torch.long)
    probs = torch.tensor([[.6, .2, 0, .2, 0], [.2, .1, .6, .1, 0], [.4, .1, .4, .1, 0],
                          [.2, .1, 0, .1, .6], [.4, .1, 0, .1, .4]])
    cur = torch.zeros(n, dtype=torch.long)
    for t in range(T):
        cur = torch.multinomial(probs[cur], 1).squeeze(1)
        tags[:, t] = cur
    base = torch.tensor([0, 5, 10, 15, 20])[tags]
    words = base + torch.randint(0, 10, (n, T))
    return words, tags


class CRF(nn.Module):
    def __init__(self):
        super().__init__()
        self.trans = nn.Parameter(torch.zeros(TAGS, TAGS))
        self.register_buffer("mask", torch.zeros(TAGS, TAGS).masked_fill(~ALLOWED, float("-inf")))
        self.register_buffer("start", torch.zeros(TAGS).masked_fill(~START_OK, float("-inf")))

    def nll(self, em, tags):
        tr = self.trans + self.mask
        gold = self.start[tags[:, 0]] + em.gather(2, tags.unsqueeze(-1)).squeeze(-1).sum(1)
        gold = gold + tr[tags[:, :-1], tags[:, 1:]].sum(1)
        a = self.start + em[:, 0]
        for t in range(1, em.shape[1]):
            a = torch.logsumexp(a.unsqueeze(2) + tr, 1) + em[:, t]
        return (torch.logsumexp(a, 1) - gold).mean()

    @torch.no_grad()
    def decode(self, em):
        tr = self.trans + self.mask
        a, back = self.start + em[:, 0], []
        for t in range(1, em.shape[1]):
            best, arg = (a.unsqueeze(2) + tr).max(1)
            back.append(arg)
            a = best + em[:, t]
        path = [a.argmax(1)]
        for arg in reversed(back):
            path.append(arg.gather(1, path[-1][:, None]).squeeze(1))
        return torch.stack(path[::-1], 1)


class Tagger(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.emb = nn.Embedding(V, d)
        self.rnn = nn.GRU(d, d, batch_first=True, bidirectional=True)
        self.proj = nn.Linear(2 * d, TAGS)
        self.crf = CRF()

    def forward(self, w):
        return self.proj(self.rnn(self.emb(w))[0])


net = Tagger()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
for step in range(300):
    w, t = gen(32)
    loss = net.crf.nll(net(w), t)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    if step % 50 == 0:
        print(f"step {step} nll/seq {loss.item():.4f}")

w, t = gen(1500)
with torch.no_grad():
    pred = net.crf.decode(net(w))
acc, maj = (pred == t).float().mean(), (t == t.flatten().mode().values).float().mean()
votes = torch.zeros(V, TAGS).index_put_((w.flatten(), t.flatten()), torch.ones(w.numel()), accumulate=True)
print(f"tag accuracy {acc:.4f} majority {maj:.4f} per-word {(votes.argmax(1)[w] == t).float().mean():.4f}")
