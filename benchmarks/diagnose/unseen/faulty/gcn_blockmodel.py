"""Semi-supervised node classification on a stochastic block model with word-count features."""
from dataclasses import dataclass
import sys
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


@dataclass
class Config:
    nodes: int = 800
    classes: int = 5
    vocab: int = 150
    hidden: int = 64
    layers: int = 3
    lr: float = 0.5
    weight_decay: float = 5e-4
    epochs: int = 120
    seed: int = 0


def make_graph(cfg, gen):
    y = torch.randint(cfg.classes, (cfg.nodes,), generator=gen)
    same = (y[:, None] == y[None]).float()
    prob = 0.02 * same + 0.006 * (1 - same)
    upper = torch.triu((torch.rand(prob.shape, generator=gen) < prob).float(), 1)
    adj = upper + upper.t()
    topics = torch.rand(cfg.classes, cfg.vocab, generator=gen).pow(3) + 0.3
    counts = torch.poisson(topics[y] * 1.2, generator=gen)
    return (counts - counts.mean(0)) / counts.std(0), adj, y


def normalise(adj):
    adj = adj + torch.eye(adj.shape[0])
    d = adj.sum(1).rsqrt()
    return d[:, None] * adj * d[None]


class GCN(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        dims = [cfg.vocab] + [cfg.hidden] * (cfg.layers - 1) + [cfg.classes]
        self.lins = nn.ModuleList(nn.Linear(a, b) for a, b in zip(dims[:-1], dims[1:]))

    def forward(self, x, a):
        for i, lin in enumerate(self.lins):
            x = a @ lin(x)
            if i + 1 < len(self.lins):
                x = F.relu(x)
        return x


class Trainer:
    def __init__(self, cfg):
        self.cfg = cfg
        gen = torch.Generator().manual_seed(cfg.seed)
        torch.manual_seed(cfg.seed)
        self.x, adj, self.y = make_graph(cfg, gen)
        self.a = normalise(adj)
        perm = torch.randperm(cfg.nodes, generator=gen)
        self.train_idx, self.test_idx = perm[:200], perm[200:]
        self.model = GCN(cfg)
        self.opt = torch.optim.Adam(self.model.parameters(), lr=cfg.lr, weight_decay=cfg.weight_decay)

    def fit(self):
        for epoch in range(self.cfg.epochs):
            self.model.train()
            self.opt.zero_grad()
            out = self.model(self.x, self.a)
            loss = F.cross_entropy(out[self.train_idx], self.y[self.train_idx])
            loss.backward()
            self.opt.step()
            if epoch % 30 == 0:
                print(f"epoch {epoch} loss {loss.item():.4f} test acc {self.test():.3f}")

    @torch.no_grad()
    def test(self):
        self.model.eval()
        pred = self.model(self.x, self.a)[self.test_idx].argmax(1)
        return (pred == self.y[self.test_idx]).float().mean().item()


if __name__ == "__main__":
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    trainer = Trainer(Config(seed=seed))
    trainer.fit()
    print(f"final test accuracy {trainer.test():.4f}")
