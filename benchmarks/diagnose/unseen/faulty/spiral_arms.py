"""Three interleaved spiral arms, the classic CS231n toy problem.

Two hidden layers with a parametrised swish, optimiser NAdam.
"""
import os
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)


@dataclass
class Config:
    seed: int = int(os.environ.get("SEED", 0))
    sizes: list = field(default_factory=lambda: [2, 64, 64, 3])
    beta: float = 0.0
    lr: float = 5e-3
    steps: int = 1000
    decay: float = 1e-4


class Swish(torch.autograd.Function):
    """x * sigmoid(beta x), saving memory by recomputing the gate."""

    @staticmethod
    def forward(ctx, x, beta):
        ctx.save_for_backward(x)
        ctx.beta = beta
        return x * torch.sigmoid(beta * x)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(ctx.beta * x)
        return grad * (s + ctx.beta * x * s * (1 - s)), None


class Net(torch.nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.beta = cfg.beta
        self.weights = torch.nn.ParameterList()
        self.biases = torch.nn.ParameterList()
        for i, o in zip(cfg.sizes[:-1], cfg.sizes[1:]):
            self.weights.append(torch.nn.Parameter(torch.randn(o, i) * (2 / i) ** 0.5))
            self.biases.append(torch.nn.Parameter(torch.zeros(o)))

    def forward(self, x):
        last = len(self.weights) - 1
        for k, (w, b) in enumerate(zip(self.weights, self.biases)):
            x = F.linear(x, w, b)
            if k < last:
                x = Swish.apply(x, self.beta)
        return x


def spirals(rng, n=300):
    xs, ys = [], []
    for arm in range(3):
        r = np.linspace(0.05, 1, n)
        t = np.linspace(arm * 4, (arm + 1) * 4, n) + rng.normal(0, 0.2, n)
        xs.append(np.c_[r * np.sin(t), r * np.cos(t)])
        ys.append(np.full(n, arm))
    return torch.tensor(np.concatenate(xs), dtype=torch.float32), torch.tensor(np.concatenate(ys))


def loss_fn(logits, y):
    return (torch.logsumexp(logits, 1) - logits[torch.arange(len(y)), y]).mean()


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    rng = np.random.default_rng(cfg.seed)
    x, y = spirals(rng)
    xt, yt = spirals(rng)
    net = Net(cfg)
    opt = torch.optim.NAdam(net.parameters(), lr=cfg.lr, weight_decay=cfg.decay)
    for step in range(cfg.steps):
        pick = torch.randint(0, len(x), (128,))
        loss = loss_fn(net(x[pick]), y[pick])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 200 == 0:
            print(f"{step} {loss.item():.4f}")
    with torch.no_grad():
        print("test accuracy %.4f" % (net(xt).argmax(1) == yt).float().mean().item())


main()
