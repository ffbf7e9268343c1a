"""Which of four bands carries the tone?  Phase and noise are random."""
from dataclasses import dataclass
import torch
from torch import nn

torch.set_num_threads(1)


@dataclass
class Config:
    act: str = "Celu"
    channels: tuple = (16, 24, 32)
    lr: float = 2e-3
    steps: int = 500
    batch: int = 64
    seed: int = 4


ACTIVATIONS = {"celu": nn.CELU, "relu": nn.ReLU, "softplus": nn.Softplus}


def activation(name):
    return ACTIVATIONS.get(name, nn.Identity)()


def stack(cfg):
    layers, c = [], 1
    for i, n in enumerate(cfg.channels):
        layers.append((f"conv{i}", nn.Conv1d(c, n, 9, stride=2 if i else 1, padding=4)))
        layers.append((f"act{i}", activation(cfg.act)))
        c = n
    layers += [("pool", nn.AdaptiveAvgPool1d(1)), ("flat", nn.Flatten()), ("head", nn.Linear(c, 4))]
    from collections import OrderedDict
    return nn.Sequential(OrderedDict(layers))


def waves(n, gen):
    y = torch.randint(0, 4, (n,), generator=gen)
    lo = torch.tensor([0.03, 0.09, 0.16, 0.24])[y]
    freq = lo + 0.04 * torch.rand(n, generator=gen)
    phase = 6.2832 * torch.rand(n, 1, generator=gen)
    t = torch.arange(128.0)[None]
    x = torch.sin(6.2832 * freq[:, None] * t + phase) + 0.5 * torch.randn(n, 128, generator=gen)
    return x[:, None], y


def train(cfg):
    torch.manual_seed(cfg.seed)
    gen = torch.Generator().manual_seed(cfg.seed)
    net = stack(cfg)
    opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
    xv, yv = waves(1000, gen)
    for step in range(cfg.steps):
        x, y = waves(cfg.batch, gen)
        loss = nn.functional.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 100 == 99:
            with torch.no_grad():
                acc = (net(xv).argmax(1) == yv).float().mean().item()
            print(step + 1, f"loss {loss.item():.4f} acc {acc:.4f}")
    return acc


print(f"final acc {train(Config()):.4f}")
