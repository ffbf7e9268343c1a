"""Twelve-layer SELU net, table of simulated measurements."""
import torch
torch.set_num_threads(1)
from torch import nn


class Selu(nn.Module):
    a, s = 1.6732632423543772, 1.0507009873554805

    def forward(self, z):
        neg = torch.minimum(z, torch.zeros_like(z))
        return self.s * (torch.maximum(z, torch.zeros_like(z)) + self.a * (torch.exp(neg) - 1))


def build(d_in, d, depth, d_out):
    mods = [nn.Linear(d_in, d), Selu()]
    for _ in range(depth - 1):
        mods += [nn.Linear(d, d), Selu()]
    mods += [nn.AlphaDropout(0.03), nn.Linear(d, d_out)]
    return nn.Sequential(*mods)


@torch.no_grad()
def lecun(m):
    if type(m) is nn.Linear:
        m.weight.normal_(0.0, (1.0 / m.weight.shape[1]) ** 0.5)
        m.bias.fill_(0.0)


def table(n, gen, w):
    x = torch.rand(n, w.shape[0], generator=gen) * torch.logspace(-1, 3, w.shape[0])
    unit = (x / torch.logspace(-1, 3, w.shape[0]) - 0.5) * 12 ** 0.5
    y = torch.sin(unit @ w[:, 0]) + 0.5 * (unit @ w[:, 1]).abs() + 0.5 * unit[:, 0] * unit[:, 1]
    return x, y[:, None] + 0.1 * torch.randn(n, 1, generator=gen)


torch.manual_seed(55)
gen = torch.Generator().manual_seed(55)
w = torch.randn(10, 2, generator=gen) * 0.4
x, y = table(6000, gen, w)
xv, yv = table(1500, gen, w)
mu, sd, ym, ys = x.mean(0), x.std(0), y.mean(), y.std()
x, xv, y, yv = (x - mu) / sd, (xv - mu) / sd, (y - ym) / ys, (yv - ym) / ys
model = build(10, 48, 12, 1).apply(lecun)
opt = torch.optim.Adam(model.parameters(), lr=8e-4)
plan = torch.optim.lr_scheduler.OneCycleLR(opt, 1.5e-3, total_steps=700)
for step in range(700):
    k = torch.randint(len(x), (64,), generator=gen)
    loss = (model(x[k]) - y[k]).square().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    plan.step()
    if step % 100 == 0:
        print(step, round(loss.item(), 4))
model.eval()
with torch.no_grad():
    a = torch.linalg.lstsq(torch.cat([x, torch.ones(len(x), 1)], 1), y).solution
    lin = 1 - (torch.cat([xv, torch.ones(len(xv), 1)], 1) @ a - yv).square().mean() / yv.var()
    print("least squares r2", round(lin.item(), 4))
    print("final r2", round((1 - (model(xv) - yv).square().mean() / yv.var()).item(), 4))
