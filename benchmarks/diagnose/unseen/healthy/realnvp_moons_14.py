# RealNVP on two moons, affine coupling layers
import os
import math
import torch
from torch import nn
from sklearn.datasets import make_moons

torch.set_num_threads(1)
seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)


class Coupling(nn.Module):
    def __init__(self, mask, hidden=64):
        super().__init__()
        self.register_buffer("mask", mask)
        self.net = nn.Sequential(nn.Linear(2, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(),
                                 nn.Linear(hidden, 2))
        self.net[-1].weight.data.zero_()
        self.net[-1].bias.data.zero_()

    def forward(self, x):
        s, t = self.net(x * self.mask).chunk(2, dim=1)
        s = 2 * torch.tanh(s / 2) * (1 - self.mask)
        t = t * (1 - self.mask)
        return x * torch.exp(s) + t, s.sum(1)


class Flow(nn.Module):
    def __init__(self, n=6):
        super().__init__()
        masks = [torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])]
        self.layers = nn.ModuleList([Coupling(masks[i % 2].clone()) for i in range(n)])

    def log_prob(self, x):
        logdet = 0
        for layer in self.layers:
            x, ld = layer(x)
            logdet = logdet + ld
        return (-0.5 * x.pow(2) - 0.5 * math.log(2 * math.pi)).sum(1) + logdet


def sample_data(n, state):
    x, _ = make_moons(n, noise=0.07, random_state=state)
    return torch.tensor((x - [0.5, 0.25]) / [0.87, 0.5], dtype=torch.float32)


train, test = sample_data(10000, seed), sample_data(3000, seed + 1000)
flow = Flow()
opt = torch.optim.Adam(flow.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=1000)
for it in range(1000):
    batch = train[torch.randint(len(train), (200,))]
    loss = -flow.log_prob(batch).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
    opt.step()
    sched.step()
    if it % 200 == 0:
        print(it, round(loss.item(), 3))

gauss = torch.distributions.MultivariateNormal(train.mean(0), torch.cov(train.T))
with torch.no_grad():
    print(f"test NLL {-flow.log_prob(test).mean().item():.4f}  Gaussian baseline {-gauss.log_prob(test).mean().item():.4f}")
