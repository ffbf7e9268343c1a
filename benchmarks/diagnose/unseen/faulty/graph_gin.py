"""Graph regression with a GIN on small random molecule-like graphs (dense batches)."""
import sys
from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


@dataclass
class Config:
    nodes: int = 12
    atoms: int = 4
    hidden: int = 48
    layers: int = 3
    graphs: int = 3000
    batch: int = 64
    epochs: int = 20
    lr: float = 1e-3
    seed: int = 0


def make_graphs(cfg, gen):
    n = cfg.nodes
    up = torch.triu((torch.rand(cfg.graphs, n, n, generator=gen) < 0.25).float(), 1)
    adj = up + up.transpose(1, 2)
    x = F.one_hot(torch.randint(cfg.atoms, (cfg.graphs, n), generator=gen), cfg.atoms).float()
    bond = torch.tensor([[0.0, 1.0, -0.5, 0.3], [1.0, 0.2, 0.8, -1.0],
                         [-0.5, 0.8, 0.0, 0.5], [0.3, -1.0, 0.5, -0.4]])
    pair = x @ bond @ x.transpose(1, 2)
    y = (adj * pair).sum((1, 2)) / 2 + x[..., 0].sum(1) * 0.5
    return x, adj, (y - y.mean()) / y.std()


class GINLayer(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.eps = nn.Parameter(torch.zeros(1))
        self.fc1, self.fc2 = nn.Linear(d_in, d_out), nn.Linear(d_out, d_out)

    def forward(self, x, adj):
        h = (1 + self.eps) * x + 0.5 * adj @ x
        return F.leaky_relu(self.fc2(F.leaky_relu(self.fc1(h), 0.1)), 0.1)


class GIN(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        dims = [cfg.atoms] + [cfg.hidden] * cfg.layers
        self.convs = nn.ModuleList(GINLayer(a, b) for a, b in zip(dims[:-1], dims[1:]))
        self.read1 = nn.Linear(cfg.hidden, cfg.hidden)
        self.read2 = nn.Linear(cfg.hidden, 1)
        self.apply(self.reset)

    @staticmethod
    def reset(m):
        if isinstance(m, nn.Linear):
            nn.init.constant_(m.weight, 1.0 / m.in_features)
            nn.init.zeros_(m.bias)

    def forward(self, x, adj):
        for conv in self.convs:
            x = conv(x, adj)
        g = x.mean(1)
        return self.read2(F.leaky_relu(self.read1(g), 0.1)).squeeze(-1)


def main():
    cfg = Config(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    gen = torch.Generator().manual_seed(cfg.seed)
    torch.manual_seed(cfg.seed)
    x, adj, y = make_graphs(cfg, gen)
    n_train = int(0.8 * cfg.graphs)
    model = GIN(cfg)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    sched = torch.optim.lr_scheduler.StepLR(opt, 7, 0.5)
    for epoch in range(cfg.epochs):
        total = 0.0
        for idx in torch.randperm(n_train).split(cfg.batch):
            loss = F.mse_loss(model(x[idx], adj[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        sched.step()
        print(f"epoch {epoch} train mse {total / n_train:.4f}")
    with torch.no_grad():
        mse = F.mse_loss(model(x[n_train:], adj[n_train:]), y[n_train:]).item()
    r2 = 1 - mse / y[n_train:].var(unbiased=False).item()
    print(f"final test r2 {r2:.4f}")


if __name__ == "__main__":
    main()
