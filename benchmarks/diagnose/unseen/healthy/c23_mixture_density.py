"""Mixture density network on the inverse sine problem."""
import math
import torch
from torch import nn

torch.manual_seed(0)
t = torch.rand(4000)
x = t + 0.3 * torch.sin(2 * math.pi * t) + 0.03 * torch.randn(4000)
x, t = ((x - x.mean()) / x.std())[:, None], ((t - t.mean()) / t.std())[:, None]
xtr, ttr, xte, tte = x[:3200], t[:3200], x[3200:], t[3200:]


class MDN(nn.Module):
    def __init__(self, k=5):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(1, 40), nn.Softsign(), nn.Linear(40, 40), nn.Softsign())
        self.pi, self.mu, self.raw = nn.Linear(40, k), nn.Linear(40, k), nn.Linear(40, k)
        with torch.no_grad():
            self.mu.bias.copy_(torch.linspace(-1.5, 1.5, k))

    def nll(self, x, t):
        h = self.trunk(x)
        sigma = nn.functional.softplus(self.raw(h)) + 1e-2
        comp = -0.5 * ((t - self.mu(h)) / sigma) ** 2 - sigma.log() - 0.5 * math.log(2 * math.pi)
        return -torch.logsumexp(self.pi(h).log_softmax(-1) + comp, -1).mean()


net = MDN()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.95)
for epoch in range(30):
    for i in torch.randperm(3200).split(100):
        loss = net.nll(xtr[i], ttr[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    sched.step()
    if epoch % 5 == 4:
        with torch.no_grad():
            print(f"epoch {epoch + 1} train nll {loss.item():.3f} test nll {net.nll(xte, tte).item():.3f}")
print(f"single gaussian nll {0.5 * math.log(2 * math.pi * math.e * tte.var().item()):.3f}; negative values are normal for a density")
