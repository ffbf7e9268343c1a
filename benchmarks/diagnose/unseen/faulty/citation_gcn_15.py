import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F

class GCN(nn.Module):
    def __init__(self, d, h, k):
        super().__init__()
        self.w1 = nn.Linear(d, h)
        self.w2 = nn.Linear(h, h)
        self.w3 = nn.Linear(h, k)

    def forward(self, x, adj):
        h = adj @ self.w1(x)
        h = self.w2(h)
        return self.w3(h)


def make_graph(n, d, gen):
    group = torch.randint(0, 4, (n,), generator=gen)
    prob = torch.where(group[:, None] == group[None], 0.03, 0.001)
    adj = (torch.rand(n, n, generator=gen) < prob).float()
    adj = ((adj + adj.t()) > 0).float() + torch.eye(n)
    adj.clamp_(max=1)
    deg = adj.sum(1)
    adj = adj / (deg[:, None] * deg[None]).sqrt()
    x = torch.randn(n, d, generator=gen)
    x[:, 0] += 1.0 * (group // 2 * 2 - 1)
    x[:, 1] += 1.0 * (group % 2 * 2 - 1)
    y = (group // 2) ^ (group % 2)
    return x, adj, y


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=300)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    gen = torch.Generator().manual_seed(a.seed)
    x, adj, y = make_graph(1500, 8, gen)
    train = torch.rand(1500, generator=gen) < 0.5
    net = GCN(8, 32, 2)
    opt = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=1e-3)
    for ep in range(a.epochs):
        out = net(x, adj)
        loss = F.cross_entropy(out[train], y[train])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if (ep + 1) % 50 == 0:
            acc = (out.argmax(1) == y)[~train].float().mean().item()
            print(f"epoch {ep + 1} loss {loss.item():.4f} test acc {acc:.4f}")


if __name__ == "__main__":
    main()
