import math
import torch
torch.set_num_threads(1)
from torch import nn
from sklearn.datasets import make_moons

torch.manual_seed(12)
data = torch.tensor(make_moons(4000, noise=0.06, random_state=0)[0], dtype=torch.float32)
data = (data - data.mean(0)) / data.std(0)
train, held = data[:3200], data[3200:]


class ActNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.log_s = nn.Parameter(torch.zeros(2))
        self.t = nn.Parameter(torch.zeros(2))

    def forward(self, x):
        return (x - self.t) * torch.exp(-self.log_s), -self.log_s.sum().expand(len(x))


class Coupling(nn.Module):
    def __init__(self, mask, h=40):
        super().__init__()
        self.register_buffer("mask", torch.tensor(mask, dtype=torch.float32))
        self.net = nn.Sequential(nn.Linear(2, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, 4))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)
        self.cap = nn.Parameter(torch.ones(2))

    def forward(self, x):
        keep = x * self.mask
        s, t = self.net(keep).chunk(2, 1)
        s = torch.tanh(s) * self.cap * (1 - self.mask)
        t = t * (1 - self.mask)
        return keep + (1 - self.mask) * (x * s.exp() + t), s.sum(1)


class MixturePrior(nn.Module):
    """Three learnable Gaussians, everything in log space."""

    def __init__(self, k=3):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(k))
        self.mu = nn.Parameter(0.5 * torch.randn(k, 2))
        self.log_sigma = nn.Parameter(torch.zeros(k, 2))

    def log_prob(self, z):
        d = (z[:, None] - self.mu) * torch.exp(-self.log_sigma)
        comp = -0.5 * d.pow(2).sum(2) - self.log_sigma.sum(1) - math.log(2 * math.pi)
        return torch.logsumexp(comp + self.logits.log_softmax(0), 1)


layers = nn.ModuleList()
for i in range(6):
    layers.append(ActNorm())
    layers.append(Coupling([1, 0] if i % 2 == 0 else [0, 1]))
prior = MixturePrior()


def log_likelihood(x):
    logdet = x.new_zeros(len(x))
    for layer in layers:
        x, ld = layer(x)
        logdet = logdet + ld
    return prior.log_prob(x) + logdet


everything = [*layers.parameters(), *prior.parameters()]
opt = torch.optim.NAdam(everything, lr=6e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 500)
for step in range(500):
    xb = train[torch.randint(len(train), (192,))]
    nll = -log_likelihood(xb).mean()
    opt.zero_grad()
    nll.backward()
    nn.utils.clip_grad_norm_(everything, 5.0)
    opt.step()
    sched.step()
    if step % 100 == 0:
        print(step, f"{nll.item():.4f}")

gauss = torch.distributions.MultivariateNormal(train.mean(0), torch.cov(train.t()))
with torch.no_grad():
    print("gaussian nll", round(-gauss.log_prob(held).mean().item(), 4))
    print("final nll", round(-log_likelihood(held).mean().item(), 4))
