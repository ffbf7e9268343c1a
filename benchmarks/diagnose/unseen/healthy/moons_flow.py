import math
import torch
import torch.nn as nn
from sklearn.datasets import make_moons

torch.manual_seed(0)


class Coupling(nn.Module):
    def __init__(self, flip, hidden=48):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(1, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(),
                                 nn.Linear(hidden, 2))
        self.s_max = nn.Parameter(torch.tensor(1.0))
        nn.init.zeros_(self.net[-1].weight)       # start as the identity map
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, x):
        a, b = x.chunk(2, dim=1)
        if self.flip:
            a, b = b, a
        s, t = self.net(a).chunk(2, dim=1)
        s = self.s_max * torch.tanh(s)
        b = b * torch.exp(s) + t
        out = (b, a) if self.flip else (a, b)
        return torch.cat(out, 1), s.sum(1)


class Flow(nn.Module):
    def __init__(self, n=6):
        super().__init__()
        self.layers = nn.ModuleList(Coupling(i % 2 == 1) for i in range(n))

    def log_prob(self, x):
        logdet = 0.0
        for layer in self.layers:
            x, ld = layer(x)
            logdet = logdet + ld
        return -0.5 * (x ** 2).sum(1) - math.log(2 * math.pi) + logdet


def data(n, seed):
    x, _ = make_moons(n, noise=0.06, random_state=seed)
    return (torch.tensor(x).float() - torch.tensor([0.5, 0.25])) / torch.tensor([0.87, 0.5])


train, test = data(4000, 0), data(2000, 1)
gauss = torch.distributions.MultivariateNormal(train.mean(0), torch.cov(train.T))
print("fitted gaussian nll", -gauss.log_prob(test).mean().item())
flow = Flow()
opt = torch.optim.Adam(flow.parameters(), lr=3e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 700)
for it in range(1, 701):
    loss = -flow.log_prob(train[torch.randint(len(train), (256,))]).mean()
    opt.zero_grad(); loss.backward()
    nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
    opt.step()
    sched.step()
    if it % 100 == 0:
        with torch.no_grad():
            print(it, "train nll %.3f test nll %.3f" % (loss.item(), -flow.log_prob(test).mean().item()))
