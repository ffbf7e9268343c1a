# Read a symbol, sit through noise, then name the symbol.
import math
import torch
from torch import nn, Tensor

torch.set_num_threads(1)
torch.manual_seed(8)
SYMBOLS, LENGTH, BATCH = 6, 110, 48


def sample(n: int) -> tuple[Tensor, Tensor]:
    y = torch.randint(0, SYMBOLS, (n,))
    x = torch.randn(LENGTH, n, SYMBOLS) * 0.3
    x[0].zero_()
    x[0, torch.arange(n), y] = 3.0
    return x, y


class Cell(nn.Module):
    def __init__(self, d_in: int, d: int, bias: float):
        super().__init__()
        self.inp = nn.Linear(d_in, 2 * d)
        self.rec = nn.Linear(d, 2 * d, bias=False)
        with torch.no_grad():
            self.inp.bias[:d].fill_(bias)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        z, c = (self.inp(x) + self.rec(h)).chunk(2, dim=-1)
        z = torch.sigmoid(z)
        return (1 - z) * h + z * nn.functional.softsign(c)


class Reader(nn.Module):
    def __init__(self, d: int = 40):
        super().__init__()
        self.d = d
        self.cell = Cell(SYMBOLS, d, bias=0.5)
        self.out = nn.Linear(d, SYMBOLS)

    def forward(self, xs: Tensor) -> Tensor:
        h = xs.new_zeros(xs.size(1), self.d)
        for x in xs:
            h = self.cell(x, h)
        return self.out(h)


reader = Reader()
opt = torch.optim.RMSprop(reader.parameters(), lr=2e-3)
best = math.inf
for it in range(1, 401):
    x, y = sample(BATCH)
    loss = nn.functional.cross_entropy(reader(x), y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
    opt.step()
    if it % 50 == 0:
        with torch.no_grad():
            x, y = sample(500)
            acc = (reader(x).argmax(1) == y).float().mean()
        print(f"iter {it} loss {loss:.3f} acc {acc:.3f}")
print(f"final acc {acc:.3f}")
