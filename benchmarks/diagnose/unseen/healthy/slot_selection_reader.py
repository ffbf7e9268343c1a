from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Cfg:
    slots: int = 8
    key_dim: int = 6
    value_dim: int = 6
    classes: int = 4
    hidden: int = 48
    tau_start: float = 2.0
    tau_end: float = 0.5
    lr: float = 4e-3
    batch: int = 128
    steps: int = 700


def sample(n, cfg, gen, proto, read):
    """Each row holds slots (key, value); the query names one key and its value fixes the class."""
    owner = torch.stack([torch.randperm(len(proto), generator=gen)[:cfg.slots] for _ in range(n)])
    keys = proto[owner] + 0.05 * torch.randn(n, cfg.slots, cfg.key_dim, generator=gen)
    values = torch.randn(n, cfg.slots, cfg.value_dim, generator=gen)
    pick = torch.randint(0, cfg.slots, (n,), generator=gen)
    query = proto[owner[torch.arange(n), pick]]
    label = (values[torch.arange(n), pick] @ read).argmax(1)
    return query, keys, values, label


class HardSelect(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.q = nn.Sequential(nn.Linear(cfg.key_dim, 32), nn.Tanh(), nn.Linear(32, 16))
        self.k = nn.Sequential(nn.Linear(cfg.key_dim, 32), nn.Tanh(), nn.Linear(32, 16))
        self.tau = cfg.tau_start

    def forward(self, query, keys):
        logits = torch.einsum("bd,bsd->bs", self.q(query), self.k(keys)) / 4.0
        soft = F.softmax(logits / self.tau, -1)
        if self.training:
            g = -torch.empty_like(logits).exponential_().log()
            soft = F.softmax((logits + g) / self.tau, -1)
        hard = F.one_hot(soft.argmax(-1), soft.shape[-1]).to(soft.dtype)
        return hard - soft.detach() + soft


class Reader(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.select = HardSelect(cfg)
        self.head = nn.Sequential(nn.Linear(cfg.value_dim, cfg.hidden), nn.SiLU(), nn.Linear(cfg.hidden, cfg.classes))

    def forward(self, query, keys, values):
        w = self.select(query, keys)
        return self.head(torch.einsum("bs,bsd->bd", w, values)), w


def main():
    cfg = Cfg()
    gen = torch.Generator().manual_seed(3)
    proto = F.normalize(torch.randn(16, cfg.key_dim, generator=gen), dim=1)
    read = torch.randn(cfg.value_dim, cfg.classes, generator=gen)
    train, test = sample(6000, cfg, gen, proto, read), sample(1500, cfg, gen, proto, read)
    torch.manual_seed(4)
    net = Reader(cfg)
    opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
    for step in range(cfg.steps):
        net.select.tau = cfg.tau_start + (cfg.tau_end - cfg.tau_start) * step / cfg.steps
        idx = torch.randint(0, 6000, (cfg.batch,))
        q, k, v, y = (t[idx] for t in train)
        loss = F.cross_entropy(net(q, k, v)[0], y)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        if step % 140 == 0:
            print(f"step {step} tau {net.select.tau:.2f} loss {loss.item():.4f}")
    net.eval()
    with torch.no_grad():
        q, k, v, y = test
        acc = (net(q, k, v)[0].argmax(1) == y).float().mean().item()
    print(f"baseline {y.bincount().max().item() / len(y):.4f}")
    print(f"metric {acc:.4f}")


if __name__ == "__main__":
    main()
