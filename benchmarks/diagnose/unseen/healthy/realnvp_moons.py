import math
import torch
from torch import nn
from sklearn.datasets import make_moons

torch.set_num_threads(1)
torch.manual_seed(17)


class Coupling(nn.Module):
    """affine coupling; starts as the identity"""

    def __init__(self, mask, hidden):
        super().__init__()
        self.register_buffer("mask", mask)
        self.trunk = nn.Sequential(nn.Linear(2, hidden), nn.LeakyReLU(0.01), nn.Linear(hidden, hidden), nn.LeakyReLU(0.01))
        self.s = nn.Linear(hidden, 2)
        self.t = nn.Linear(hidden, 2)
        for lin in (self.s, self.t):
            nn.init.zeros_(lin.weight)
            nn.init.zeros_(lin.bias)

    def forward(self, x):
        h = self.trunk(x * self.mask)
        s = 2.0 * torch.tanh(self.s(h) / 2.0) * (1 - self.mask)
        t = self.t(h) * (1 - self.mask)
        return x * torch.exp(s) + t, s.sum(1)


class Flow(nn.Module):
    def __init__(self, n_layers=6, hidden=32):
        super().__init__()
        masks = [torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])]
        self.layers = nn.ModuleList(Coupling(masks[i % 2], hidden) for i in range(n_layers))

    def log_prob(self, x):
        ld = torch.zeros(len(x))
        for layer in self.layers:
            x, d = layer(x)
            ld = ld + d
        return ld - 0.5 * x.pow(2).sum(1) - math.log(2 * math.pi)


def data(n, seed):
    x, _ = make_moons(n, noise=0.1, random_state=seed)
    return (torch.tensor(x, dtype=torch.float32) - torch.tensor([0.5, 0.25])) / torch.tensor([0.87, 0.50])


xtr, xte = data(4000, 0), data(1000, 1)
flow = Flow()
opt = torch.optim.Adam(flow.parameters(), lr=4e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, T_0=100, T_mult=2, eta_min=1e-4)

for it in range(300):
    idx = torch.randint(0, len(xtr), (256,))
    nll = -flow.log_prob(xtr[idx]).mean()
    opt.zero_grad()
    nll.backward()
    nn.utils.clip_grad_norm_(flow.parameters(), 2.0)
    opt.step()
    sched.step()
    if it % 50 == 49:
        print(f"{it + 1:4d} nll {nll.item():.4f}")

with torch.no_grad():
    nll = -flow.log_prob(xte).mean().item()
mu, cov = xtr.mean(0), torch.cov(xtr.T)
gauss = -torch.distributions.MultivariateNormal(mu, cov).log_prob(xte).mean().item()
print(f"test nll: flow {nll:.4f}, single gaussian {gauss:.4f}")
