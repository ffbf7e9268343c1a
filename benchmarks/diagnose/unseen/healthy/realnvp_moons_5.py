"""RealNVP density model of two moons. Affine couplings, scale bounded by tanh, actnorm-free."""
import math
import torch
from torch import nn
from sklearn.datasets import make_moons

torch.set_num_threads(1)
torch.manual_seed(33)


class Coupling(nn.Module):
    def __init__(self, flip, hidden=48):
        super().__init__()
        self.flip = flip
        self.trunk = nn.Sequential(nn.Linear(1, hidden), nn.LeakyReLU(0.01), nn.Linear(hidden, hidden), nn.LeakyReLU(0.01))
        self.to_st = nn.Linear(hidden, 2)
        nn.init.zeros_(self.to_st.weight)      # start at the identity
        nn.init.zeros_(self.to_st.bias)
        self.s_max = nn.Parameter(torch.tensor(2.0))

    def st(self, a):
        s, t = self.to_st(self.trunk(a)).chunk(2, 1)
        return self.s_max * torch.tanh(s), t

    def forward(self, x):
        a, b = x.chunk(2, 1) if not self.flip else x.flip(1).chunk(2, 1)
        s, t = self.st(a)
        b = b * torch.exp(s) + t
        y = torch.cat([a, b], 1)
        return (y.flip(1) if self.flip else y), s.sum(1)

    @torch.no_grad()
    def inverse(self, y):
        a, b = y.chunk(2, 1) if not self.flip else y.flip(1).chunk(2, 1)
        s, t = self.st(a)
        x = torch.cat([a, (b - t) * torch.exp(-s)], 1)
        return x.flip(1) if self.flip else x


class Flow(nn.Module):
    def __init__(self, n=8):
        super().__init__()
        self.couplings = nn.ModuleList(Coupling(bool(i % 2)) for i in range(n))

    def log_prob(self, x):
        logdet = 0.0
        for c in self.couplings:
            x, ld = c(x)
            logdet = logdet + ld
        return logdet - 0.5 * x.pow(2).sum(1) - math.log(2 * math.pi)

    def sample(self, n):
        z = torch.randn(n, 2)
        for c in reversed(self.couplings):
            z = c.inverse(z)
        return z


def moons(n, seed):
    x = torch.tensor(make_moons(n, noise=0.07, random_state=seed)[0], dtype=torch.float32)
    return (x - torch.tensor([0.5, 0.25])) / torch.tensor([0.87, 0.5])


train, test = moons(3000, 0), moons(1000, 1)
flow = Flow()
opt = torch.optim.Adam(flow.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.MultiStepLR(opt, [350, 450], gamma=0.3)
for step in range(520):
    batch = train[torch.randint(0, len(train), (200,))]
    nll = -flow.log_prob(batch).mean()
    opt.zero_grad()
    nll.backward()
    nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
    opt.step()
    sched.step()
    if step % 80 == 0:
        print(f"step {step:4d}  nll {nll.item():.4f}")
with torch.no_grad():
    test_nll = -flow.log_prob(test).mean().item()
gauss = torch.distributions.MultivariateNormal(train.mean(0), torch.cov(train.t()))
s = flow.sample(500)
print(f"test nll {test_nll:.4f} nats (full Gaussian {-gauss.log_prob(test).mean().item():.4f}); "
      f"mean distance sample -> data {torch.cdist(s, train).min(1).values.mean().item():.3f}")
