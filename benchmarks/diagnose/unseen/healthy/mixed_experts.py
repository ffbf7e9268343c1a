"""Regression with a hard Gumbel router over four unlike experts."""
import torch
torch.set_num_threads(1)
import torch.nn as nn
import torch.nn.functional as F
from sklearn.linear_model import LinearRegression

gen = torch.Generator().manual_seed(9)
torch.manual_seed(9)


def sample(n):
    x = 4 * torch.rand(n, 4, generator=gen) - 2
    west, south = x[:, 0] < 0, x[:, 1] < 0
    y = torch.where(
        west & south, torch.sin(3 * x[:, 2]) + 2,
        torch.where(west & ~south, 1.5 * x[:, 2] - x[:, 3] - 1,
                    torch.where(~west & south, (x[:, 2] - x[:, 3]).abs() - 2, torch.exp(-x[:, 2] ** 2) * 3 + 0.5 * x[:, 3])))
    return x, (y + 0.05 * torch.randn(n, generator=gen))[:, None]


class SplineLayer(nn.Module):
    """Sum over inputs of a learnable curve: hat functions on a grid."""

    def __init__(self, i, o, knots=9, span=2.2):
        super().__init__()
        self.register_buffer("grid", torch.linspace(-span, span, knots))
        self.width = float(self.grid[1] - self.grid[0])
        self.coef = nn.Parameter(0.1 * torch.randn(i, knots, o))
        self.base = nn.Linear(i, o)

    def forward(self, x):
        hat = F.relu(1 - (x[..., None] - self.grid).abs() / self.width)
        return torch.einsum("bik,iko->bo", hat, self.coef) + self.base(x)


class SineExpert(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 24), nn.Linear(24, 1)

    def forward(self, x):
        return self.b(torch.sin(2.0 * self.a(x)))


class MaxoutExpert(nn.Module):
    def __init__(self):
        super().__init__()
        self.pieces, self.out = nn.Linear(4, 16 * 4), nn.Linear(16, 1)

    def forward(self, x):
        return self.out(self.pieces(x).view(-1, 16, 4).max(2)[0])


experts = nn.ModuleList([
    nn.Linear(4, 1),
    SineExpert(),
    MaxoutExpert(),
    nn.Sequential(SplineLayer(4, 6), SplineLayer(6, 1)),
])
router = nn.Sequential(nn.Linear(4, 32), nn.Softplus(), nn.Linear(32, 4))
opt_e = torch.optim.Adam(experts.parameters(), lr=8e-3)
opt_r = torch.optim.Adam(router.parameters(), lr=4e-3)
x_tr, y_tr = sample(4000)
x_te, y_te = sample(1500)

for step in range(800):
    tau = max(0.4, 2.0 * 0.996 ** step)
    pick = torch.randint(4000, (256,))
    x, y = x_tr[pick], y_tr[pick]
    logits = router(x)
    gate = F.gumbel_softmax(logits, tau=tau, hard=True)
    preds = torch.cat([e(x) for e in experts], 1)
    fit = F.smooth_l1_loss((gate * preds).sum(1, keepdim=True), y)
    load = logits.softmax(1).mean(0)
    balance = (load * (load * 4).log()).sum()
    loss = fit + 0.1 * balance
    opt_e.zero_grad()
    opt_r.zero_grad()
    loss.backward()
    opt_e.step()
    opt_r.step()
    if step % 100 == 0:
        print(step, f"fit {fit.item():.4f}", "load", [round(v, 2) for v in load.tolist()])


def r2(p):
    return 1 - ((p - y_te) ** 2).sum().item() / ((y_te - y_te.mean()) ** 2).sum().item()


with torch.no_grad():
    choice = router(x_te).argmax(1, keepdim=True)
    pred = torch.cat([e(x_te) for e in experts], 1).gather(1, choice)
print("used", torch.bincount(choice.flatten(), minlength=4).tolist())
lin = LinearRegression().fit(x_tr.numpy(), y_tr.numpy())
print("linear regression", round(r2(torch.tensor(lin.predict(x_te.numpy()))), 4))
print("final r2", round(r2(pred), 4))
