"""Negative binomial regression, softplus mean and a learned dispersion; half of the counts are zero."""
import torch
from torch import nn
from torch.nn.functional import softplus

torch.manual_seed(6)
n = 4000
X = torch.randn(n, 5)
rate = torch.exp(0.9 * X[:, 0] + torch.sin(2 * X[:, 1]) - 0.6)
true_r = 1.5
y = torch.poisson(torch.distributions.Gamma(true_r, true_r / rate).sample())
print(f"zeros: {(y == 0).float().mean().item():.2f}, max {y.max().item():.0f}")


class CountNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(5, 48), nn.RReLU(), nn.Linear(48, 48), nn.RReLU(), nn.Linear(48, 1))
        self.raw_r = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return softplus(self.f(x)).squeeze(-1) + 1e-4, softplus(self.raw_r) + 1e-3


def nb_nll(mu, r, y):
    return -(torch.lgamma(y + r) - torch.lgamma(r) - torch.lgamma(y + 1)
             + r * (r / (r + mu)).log() + y * (mu / (r + mu)).log()).mean()


net = CountNet()
opt = torch.optim.Adam([{"params": net.f.parameters()}, {"params": [net.raw_r], "lr": 2e-2}], lr=2e-3)
for epoch in range(25):
    net.train()
    for i in torch.randperm(3200).split(100):
        loss = nb_nll(*net(X[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 4:
        net.eval()
        with torch.no_grad():
            mu, r = net(X[3200:])
            print(f"epoch {epoch + 1} train {loss.item():.3f} test {nb_nll(mu, r, y[3200:]).item():.4f} r {r.item():.2f}")
with torch.no_grad():
    m = y[:3200].mean().expand(800)
    best = min(nb_nll(m, torch.tensor(q), y[3200:]).item() for q in (0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 3.0))
    oracle = nb_nll(rate[3200:], torch.tensor(true_r), y[3200:]).item()
print(f"constant-mean model {best:.4f}, oracle {oracle:.4f}")
