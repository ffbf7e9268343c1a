# 1-d curve fitting, functional style
import math
import torch
import torch.nn.functional as F

torch.manual_seed(9)
t = torch.linspace(-1, 1, 512)[:, None]
target = torch.sin(3 * math.pi * t) * torch.exp(-t ** 2) + 0.05 * torch.randn_like(t)


class Curve(torch.nn.Module):
    def __init__(self, h=64):
        super().__init__()
        self.l1 = torch.nn.Linear(1, h)
        self.l2 = torch.nn.Linear(h, h)
        self.l3 = torch.nn.Linear(h, 1)

    def squash(self, z):
        return torch.clamp(z, min=-20.0, max=20.0)

    def forward(self, z):
        z = self.squash(self.l1(z))
        z = self.squash(self.l2(z))
        return self.l3(z)


net = Curve()
for p in (net.l1.weight, net.l1.bias):
    torch.nn.init.uniform_(p, -3, 3)
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for it in range(300):
    i = torch.randint(0, 512, (128,))
    loss = F.mse_loss(net(t[i]), target[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 60 == 59:
        print("it", it + 1, "mse", round(loss.item(), 5))
print("variance of the target:", target.var().item())
