import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

def make(n, t, gen):
    tok = torch.randint(0, 8, (n, t), generator=gen)
    first = (tok == 3).float().cumsum(1)
    y = ((tok == 5) & (first % 2 == 1)).float().sum(1)
    return tok, (y >= 2).long()


class Counter(nn.Module):
    def __init__(self, h=48):
        super().__init__()
        self.emb = nn.Embedding(8, 16)
        self.gru = nn.GRU(16, h, batch_first=True)
        self.head = nn.Sequential(nn.Linear(h, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, tok):
        out, h = self.gru(self.emb(tok))
        state = h[-1].data
        return self.head(state)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=15)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    gen = torch.Generator().manual_seed(a.seed)
    x, y = make(4000, 24, gen)
    xt, yt = make(1000, 24, gen)
    dl = DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True)
    net = Counter()
    opt = torch.optim.RMSprop(net.parameters(), lr=2e-3)
    for ep in range(a.epochs):
        tot = 0.0
        for xb, yb in dl:
            loss = F.cross_entropy(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
            tot += loss.item() * len(xb)
        with torch.no_grad():
            acc = (net(xt).argmax(1) == yt).float().mean().item()
        print(f"epoch {ep} loss {tot / 4000:.4f} base {yt.float().mean():.3f} test acc {acc:.4f}")


if __name__ == "__main__":
    main()
