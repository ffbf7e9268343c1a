"""The adding problem with an LSTM (forget-gate bias raised so that it remembers)."""
from dataclasses import dataclass

import torch
from torch import nn

torch.set_num_threads(1)


@dataclass
class Conf:
    length: int = 30
    hidden: int = 48
    batch: int = 64
    steps: int = 600
    lr: float = 5e-3
    forget_bias: float = 2.0


def adding_batch(n, length, gen=None):
    values = torch.rand(n, length, generator=gen)
    marks = torch.zeros(n, length)
    first = torch.randint(0, length // 2, (n,), generator=gen)
    second = torch.randint(length // 2, length, (n,), generator=gen)
    r = torch.arange(n)
    marks[r, first] = 1
    marks[r, second] = 1
    return torch.stack([values, marks], -1), values[r, first] + values[r, second]


class LSTMCell(nn.Module):
    def __init__(self, n_in, n_h, forget_bias):
        super().__init__()
        self.n_h = n_h
        self.x2g = nn.Linear(n_in, 4 * n_h)
        self.h2g = nn.Linear(n_h, 4 * n_h, bias=False)
        nn.init.orthogonal_(self.h2g.weight)
        nn.init.zeros_(self.x2g.bias)
        with torch.no_grad():
            self.x2g.bias[n_h:2 * n_h] = forget_bias

    def forward(self, x, state):
        h, c = state
        i, f, g, o = (self.x2g(x) + self.h2g(h)).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, c


class Adder(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cell = LSTMCell(2, cfg.hidden, cfg.forget_bias)
        self.out = nn.Linear(cfg.hidden, 1)

    def forward(self, x):
        h = c = x.new_zeros(x.size(0), self.cell.n_h)
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t], (h, c))
        return self.out(h).squeeze(-1)


def main():
    cfg = Conf()
    torch.manual_seed(6)
    xv, yv = adding_batch(1000, cfg.length, torch.Generator().manual_seed(1))
    model = Adder(cfg)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    print(f"variance of the target {yv.var().item():.4f}")
    for step in range(1, cfg.steps + 1):
        x, y = adding_batch(cfg.batch, cfg.length)
        loss = nn.functional.mse_loss(model(x), y)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        if step % 100 == 0:
            with torch.no_grad():
                v = nn.functional.mse_loss(model(xv), yv).item()
            print(f"step {step} loss {loss.item():.4f} val mse {v:.4f}")


if __name__ == "__main__":
    main()
