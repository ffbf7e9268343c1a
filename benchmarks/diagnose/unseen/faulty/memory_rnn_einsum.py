# recurrent net written by hand with einsum: running-sum task
import torch
from torch import nn

torch.manual_seed(5)


class Cell(nn.Module):
    def __init__(self, n_in, n_hidden):
        super().__init__()
        self.w_x = nn.Parameter(torch.randn(n_hidden, n_in) * 0.3)
        self.w_h = nn.Parameter(torch.randn(n_hidden, n_hidden) * 0.4)
        self.b = nn.Parameter(torch.zeros(n_hidden))

    def forward(self, x, h):
        pre = torch.einsum("bi,hi->bh", x, self.w_x) + torch.einsum("bk,hk->bh", h, self.w_h) + self.b
        return torch.relu(pre)


class SumNet(nn.Module):
    def __init__(self, n_hidden=48):
        super().__init__()
        self.n_hidden = n_hidden
        self.cell = Cell(2, n_hidden)
        self.head = nn.Linear(n_hidden, 1)

    def forward(self, seq):
        h = seq.new_zeros(seq.shape[0], self.n_hidden)
        for t in range(seq.shape[1]):
            h = self.cell(seq[:, t], h)
        return self.head(h).squeeze(-1)


def make_batch(n, T=16):
    values = torch.rand(n, T)
    marks = torch.zeros(n, T)
    first = torch.randint(0, T // 2, (n,))
    second = torch.randint(T // 2, T, (n,))
    marks[torch.arange(n), first] = 1.0
    marks[torch.arange(n), second] = 1.0
    target = (values * marks).sum(1)
    return torch.stack([values, marks], dim=-1), target


model = SumNet()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
mse = nn.MSELoss()
x_val, y_val = make_batch(512)
print("predict-the-mean mse", round(y_val.var().item(), 4))

avg = None
for step in range(700):
    x, y = make_batch(64)
    opt.zero_grad()
    loss = mse(model(x), y)
    loss.backward()
    opt.step()
    avg = loss.item() if avg is None else 0.95 * avg + 0.05 * loss.item()
    if step % 100 == 0:
        with torch.no_grad():
            val = mse(model(x_val), y_val).item()
        print(f"step {step:4d} avg loss {avg:.5g} val mse {val:.5g}")

with torch.no_grad():
    val = mse(model(x_val), y_val).item()
print("final val mse", f"{val:.5g}")
