# The adding problem (Hochreiter & Schmidhuber) with a hand-written recurrent cell.
# Two input channels: random values in [0, 1] and a marker; the target is the sum
# of the two marked values.
import os
import torch

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
T, H, BATCH, STEPS = 24, 48, 64, 900


def leaky(x, a=0.1):
    return torch.where(x > 0, x, a * x)


def batch(n):
    values = torch.rand(T, n)
    marks = torch.zeros(T, n)
    first = torch.randint(0, T // 2, (n,))
    second = torch.randint(T // 2, T, (n,))
    cols = torch.arange(n)
    marks[first, cols] = 1
    marks[second, cols] = 1
    return torch.stack([values, marks], -1), (values * marks).sum(0)


class Cell(torch.nn.Module):
    def __init__(self, n_in, n_hidden):
        super().__init__()
        self.u = torch.nn.Parameter(torch.randn(n_in, n_hidden) * 0.5)
        self.w = torch.nn.Parameter(torch.randn(n_hidden, n_hidden) * 0.3)
        self.b = torch.nn.Parameter(torch.zeros(n_hidden))

    def forward(self, x, h):
        return leaky(x @ self.u + h @ self.w + self.b)


class Adder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = Cell(2, H)
        self.v = torch.nn.Parameter(torch.randn(H) * H ** -0.5)
        self.c = torch.nn.Parameter(torch.zeros(()))

    def forward(self, xs):
        h = torch.zeros(xs.shape[1], H)
        for x in xs:
            h = self.cell(x, h)
        return h @ self.v + self.c


net = Adder()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for step in range(STEPS):
    xs, y = batch(BATCH)
    loss = ((net(xs) - y) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(f"{step:5d}  mse {loss.item():.5g}")

with torch.no_grad():
    xs, y = batch(2000)
    mse = ((net(xs) - y) ** 2).mean().item()
print(f"guess-the-mean mse {y.var().item():.4f}   test mse {mse:.4f}")
