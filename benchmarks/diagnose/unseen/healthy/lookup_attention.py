"""Key-value lookup: the query attends to the one matching key and returns its value."""
import argparse
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


def episodes(n, pairs, n_keys, n_vals):
    keys = torch.rand(n, n_keys).argsort(1)[:, :pairs]
    vals = torch.randint(n_vals, (n, pairs))
    which = torch.randint(pairs, (n,))
    r = torch.arange(n)
    return keys, vals, keys[r, which], vals[r, which]


class Lookup(nn.Module):
    def __init__(self, n_keys, n_vals, d=48):
        super().__init__()
        self.key_emb = nn.Embedding(n_keys, d)
        self.val_emb = nn.Embedding(n_vals, d)
        self.wq = nn.Linear(d, d, bias=False)
        self.wk = nn.Linear(d, d, bias=False)
        self.wv = nn.Linear(d, d, bias=False)
        self.mlp = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, n_vals))

    def forward(self, keys, vals, query):
        k = self.wk(self.key_emb(keys))
        q = self.wq(self.key_emb(query)).unsqueeze(1)
        v = self.wv(self.val_emb(vals))
        att = F.softmax(q @ k.transpose(1, 2) / math.sqrt(k.size(-1)), dim=-1)
        self.peak = att.amax(-1).mean().item()
        return self.mlp((att @ v).squeeze(1))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--pairs", type=int, default=12)
    p.add_argument("--keys", type=int, default=40)
    p.add_argument("--values", type=int, default=16)
    p.add_argument("--steps", type=int, default=1500)
    a = p.parse_args()
    torch.manual_seed(12)
    model = Lookup(a.keys, a.values)
    opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-4)
    for step in range(1, a.steps + 1):
        keys, vals, query, target = episodes(128, a.pairs, a.keys, a.values)
        loss = F.cross_entropy(model(keys, vals, query), target)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 250 == 0:
            with torch.no_grad():
                keys, vals, query, target = episodes(1000, a.pairs, a.keys, a.values)
                acc = (model(keys, vals, query).argmax(-1) == target).float().mean().item()
            print(f"step {step} loss {loss.item():.4f} acc {acc:.3f} (chance {1 / a.values:.3f}) attention peak {model.peak:.3f}")


if __name__ == "__main__":
    main()
