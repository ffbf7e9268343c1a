"""Neural ODE with a hand-written Euler integrator, fitted to a damped cubic spiral."""
import torch
from torch import nn

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
DT = 0.05
A = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])


def true_field(y):
    return (y ** 3) @ A.T


def integrate(f, y0, steps, sub=1):
    ys, y = [y0], y0
    for _ in range(steps):
        for _ in range(sub):
            y = y + DT / sub * f(y)
        ys.append(y)
    return torch.stack(ys)


with torch.no_grad():
    traj = integrate(true_field, torch.tensor([[1.6, 0.0], [0.0, 1.2], [-1.4, 0.5], [0.7, -1.3]]), 160, sub=10)


class Field(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 50), nn.Tanh(), nn.Linear(50, 2))
        for p in self.net:
            if isinstance(p, nn.Linear):
                nn.init.normal_(p.weight, std=0.3)
                nn.init.zeros_(p.bias)

    def forward(self, y):
        return self.net(y ** 3)


f = Field()
opt = torch.optim.Adam(f.parameters(), lr=0.01)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 500)
H = 12
for it in range(500):
    t0 = torch.randint(0, 160 - H, (32,))
    who = torch.randint(0, 4, (32,))
    target = torch.stack([traj[t0 + k, who] for k in range(H + 1)])
    pred = integrate(f, target[0], H)
    loss = (pred - target).abs().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if it % 100 == 0 or it == 499:
        print(f"iter {it} L1 {loss.item():.4f}")
with torch.no_grad():
    err = (integrate(f, traj[0], 60) - traj[:61]).abs().mean().item()
    base = (traj[:1] - traj[:61]).abs().mean().item()
print(f"60-step rollout error {err:.4f}, staying put {base:.4f}")
