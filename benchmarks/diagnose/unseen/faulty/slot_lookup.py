"""Associative lookup: find the slot whose key matches the query and report its payload."""
import torch
torch.set_num_threads(1)
import torch.nn as nn
import torch.nn.functional as F

N_KEYS, N_VALS, SLOTS, D = 12, 6, 5, 32


def sample(batch, g):
    keys = torch.rand(batch, N_KEYS, generator=g).argsort(1)[:, :SLOTS]
    vals = torch.randint(0, N_VALS, (batch, SLOTS), generator=g)
    where = torch.randint(0, SLOTS, (batch, 1), generator=g)
    return keys, vals, keys.gather(1, where).squeeze(1), vals.gather(1, where).squeeze(1)


class Selector(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Sequential(nn.Embedding(N_KEYS, D), nn.Linear(D, D), nn.GELU(), nn.Linear(D, D))
        self.key = nn.Sequential(nn.Embedding(N_KEYS, D), nn.Linear(D, D), nn.GELU(), nn.Linear(D, D))
        self.temp = 1.0

    def forward(self, q, k):
        score = torch.einsum("bd,bsd->bs", self.query(q), self.key(k)) / D ** 0.5
        soft = torch.softmax(score / self.temp, dim=-1)
        hard = F.one_hot(soft.argmax(-1), SLOTS).to(soft.dtype)
        return hard + (soft - soft).detach()


class Lookup(nn.Module):
    def __init__(self):
        super().__init__()
        self.select = Selector()
        self.payload = nn.Embedding(N_VALS, D)
        self.head = nn.Sequential(nn.LayerNorm(D), nn.Linear(D, 48), nn.GELU(), nn.Linear(48, N_VALS))

    def forward(self, keys, vals, q):
        w = self.select(q, keys)
        picked = (w.unsqueeze(-1) * self.payload(vals)).sum(1)
        return self.head(picked)


def evaluate(net, g):
    net.eval()
    with torch.no_grad():
        k, v, q, y = sample(2000, g)
        acc = (net(k, v, q).argmax(-1) == y).float().mean().item()
    net.train()
    return acc


def main(steps=900):
    torch.manual_seed(21)
    g = torch.Generator().manual_seed(4)
    net = Lookup()
    opt = torch.optim.Adam(net.parameters(), lr=3e-3, betas=(0.9, 0.98))
    for step in range(steps):
        k, v, q, y = sample(96, g)
        loss = F.cross_entropy(net(k, v, q), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 150 == 149:
            print(f"step {step + 1:4d}  loss {loss.item():.3f}  acc {evaluate(net, g):.3f}")
    print("final accuracy", round(evaluate(net, g), 4))


main()
