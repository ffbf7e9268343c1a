# RNN from scratch for a sensor series -- rewritten from my old numpy code
import os
import math
import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", "0")))

T, H = 40, 64


def make_batch(n):
    # two sinusoids with random frequency and phase, we predict the next value
    t = torch.arange(T + 1).float()
    f = torch.rand(n, 2, 1) * 0.35 + 0.08
    p = torch.rand(n, 2, 1) * 2 * math.pi
    s = torch.sin(f * t + p).sum(1) + 0.02 * torch.randn(n, T + 1)
    return s[:, :T].unsqueeze(-1), s[:, T:]


class Cell(nn.Module):
    def __init__(self, n_in, n_hid):
        super().__init__()
        self.W_xh = nn.Parameter(torch.randn(n_in, n_hid) * 0.3)
        self.W_hh = nn.Parameter(torch.randn(n_hid, n_hid) * 0.25)
        self.b_h = nn.Parameter(torch.zeros(n_hid))

    def forward(self, x, h):
        return torch.relu(x @ self.W_xh + h @ self.W_hh + self.b_h)


class RNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = Cell(1, H)
        self.head = nn.Linear(H, 1)

    def forward(self, x):
        h = x.new_zeros(len(x), H)
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
        return self.head(h)


model = RNN()
optimizer = torch.optim.RMSprop(model.parameters(), lr=5e-4)
loss_fn = nn.MSELoss()
for step in range(1, 601):
    x, y = make_batch(64)
    loss = loss_fn(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print("step", step, "loss", loss.item())

with torch.no_grad():
    x, y = make_batch(1000)
    print("test MSE:", loss_fn(model(x), y).item(), " (variance of target:", y.var().item(), ")")
