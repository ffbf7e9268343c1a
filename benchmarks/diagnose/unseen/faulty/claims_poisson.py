"""Poisson regression of claim counts on policy data (synthetic)."""
import torch
import torch.nn as nn

torch.manual_seed(21)
n = 3000
age = torch.randint(18, 80, (n,)).float()
mileage = torch.rand(n) * 40000 + 2000
power = torch.rand(n) * 150 + 40
rate = torch.exp(0.6 - 0.02 * (age - 18) + mileage / 40000 + 0.004 * (power - 100))
counts = torch.poisson(rate)
features = torch.stack([age, mileage, power], dim=1)


class RateNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x):
        return torch.exp(self.net(x)).squeeze(-1)


net = RateNet()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
crit = nn.PoissonNLLLoss(log_input=False)
for epoch in range(8):
    perm = torch.randperm(2400)
    acc = 0.0
    for b in perm.split(100):
        loss = crit(net(features[b]), counts[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        acc += loss.item()
    print("epoch", epoch, "nll", acc / 24)
with torch.no_grad():
    print("test nll", crit(net(features[2400:]), counts[2400:]).item())
