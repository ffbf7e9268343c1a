import os
import math
import torch
import torch.nn as nn

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
G, DAMP = 1.5, 0.15


def true_field(s):
    q, p = s[:, 0], s[:, 1]
    return torch.stack([p, -G * torch.sin(q) - DAMP * p], 1)


def rk4(field, s, dt):
    k1 = field(s)
    k2 = field(s + dt / 2 * k1)
    k3 = field(s + dt / 2 * k2)
    k4 = field(s + dt * k3)
    return s + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def make_states(n, gen):
    q = (torch.rand(n, generator=gen) * 2 - 1) * math.pi * 0.9
    p = (torch.rand(n, generator=gen) * 2 - 1) * 2
    s = torch.stack([q, p], 1)
    noise = 0.02 * torch.randn(n, 2, generator=gen)
    return s, true_field(s) + noise


class DissipativeHNN(nn.Module):
    """ds/dt = J grad H(s) - (0, gamma p), with H a network and gamma a number."""

    def __init__(self, width=64):
        super().__init__()
        self.energy = nn.Sequential(
            nn.Linear(2, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))
        self.log_gamma = nn.Parameter(torch.tensor(-3.0))

    def forward(self, s):
        with torch.enable_grad():
            s = s.detach().requires_grad_(True)
            h = self.energy(s).sum()
            dh, = torch.autograd.grad(h, s)
        dq = dh[:, 1]
        dp = -dh[:, 0] - self.log_gamma.exp() * s[:, 1]
        return torch.stack([dq, dp], 1)


def rollout_error(model, gen, steps=60, dt=0.1):
    s, _ = make_states(200, gen)
    a, b = s.clone(), s.clone()
    total = 0.0
    for _ in range(steps):
        a = rk4(true_field, a, dt)
        b = rk4(lambda z: model(z).detach(), b, dt)
        total += (a - b).square().sum(1).mean().item()
    return (total / steps) ** 0.5


def main():
    torch.manual_seed(SEED)
    gen = torch.Generator().manual_seed(SEED + 1)
    s_tr, ds_tr = make_states(4000, gen)
    s_te, ds_te = make_states(1000, gen)
    model = DissipativeHNN()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.9985)
    for step in range(900):
        idx = torch.randint(0, len(s_tr), (128,))
        loss = (model(s_tr[idx]) - ds_tr[idx]).square().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if step % 150 == 0:
            print(f"step {step}: field mse {loss.item():.5f}")
    mse = (model(s_te).detach() - ds_te).square().mean().item()
    var = ds_te.var(0).mean().item()
    print(f"gamma {model.log_gamma.exp().item():.3f}  rollout rmse {rollout_error(model, gen):.4f}")
    print(f"field mse {mse:.5f} (variance {var:.4f})")


if __name__ == "__main__":
    main()
