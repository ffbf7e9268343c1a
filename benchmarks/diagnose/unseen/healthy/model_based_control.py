"""Learn the dynamics of a torque-limited pendulum, then train a tanh policy by back-propagating
through the learned model (which is frozen for that), with a value tail and a slow target copy."""
import copy
import math
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(77)
C = SimpleNamespace(dt=0.1, umax=8.0, horizon=12, gamma=0.96, model_steps=500, policy_steps=180, tau=0.05)


def plant(s, u):                                   # s: angle from upright, velocity; u in (-1, 1)
    th, om = s.unbind(-1)
    om = om + C.dt * (6.0 * torch.sin(th) + C.umax * u.squeeze(-1) - 0.2 * om)
    th = th + C.dt * om
    return torch.stack([th, om.clamp(-8, 8)], -1)


def feat(s):
    return torch.stack([s[..., 0].sin(), s[..., 0].cos(), s[..., 1] / 4], -1)


def cost(s, u):
    return (1 - s[..., 0].cos()) + 0.02 * s[..., 1] ** 2 + 0.01 * u.squeeze(-1) ** 2


def mlp(i, o, h=48, act=nn.Tanh):
    return nn.Sequential(nn.Linear(i, h), act(), nn.Linear(h, h), act(), nn.Linear(h, o))


def starts(n):
    return torch.stack([(torch.rand(n) * 2 - 1) * 1.2, torch.randn(n)], -1)


dyn, value = mlp(4, 2, act=nn.SiLU), mlp(3, 1)
policy = nn.Sequential(mlp(3, 1), nn.Tanh())
value_target = copy.deepcopy(value).requires_grad_(False)


def imagined(s, u):
    nxt = s + dyn(torch.cat([feat(s), u], -1))
    return torch.stack([nxt[..., 0], nxt[..., 1].clamp(-8, 8)], -1)


# 1. the model
opt_m = torch.optim.Adam(dyn.parameters(), lr=3e-3)
for it in range(C.model_steps):
    s = torch.stack([(torch.rand(256) * 2 - 1) * math.pi, 3 * torch.randn(256)], -1)
    u = torch.rand(256, 1) * 2 - 1
    loss = F.smooth_l1_loss(imagined(s, u), plant(s, u))
    opt_m.zero_grad()
    loss.backward()
    opt_m.step()
    if it % 125 == 0:
        print(f"model  {it:4d}  loss {loss.item():.5f}")
dyn.requires_grad_(False)

# 2. policy and value in imagination
opt_p = torch.optim.Adam(policy.parameters(), lr=3e-3)
opt_v = torch.optim.Adam(value.parameters(), lr=3e-3)
for it in range(C.policy_steps):
    s0 = s = starts(96)
    ret, disc = 0.0, 1.0
    for _ in range(C.horizon):
        u = policy(feat(s))
        s = imagined(s, u)
        ret = ret + disc * cost(s, u)
        disc *= C.gamma
    total = ret + disc * value_target(feat(s)).squeeze(-1)
    opt_p.zero_grad()
    total.mean().backward()
    nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
    opt_p.step()

    v_loss = F.mse_loss(value(feat(s0)).squeeze(-1), total.detach())
    opt_v.zero_grad()
    v_loss.backward()
    opt_v.step()
    with torch.no_grad():
        for a, b in zip(value_target.parameters(), value.parameters()):
            a.lerp_(b, C.tau)
    if it % 30 == 0:
        print(f"policy {it:4d}  imagined cost {total.mean().item():.4f}  value loss {v_loss.item():.4f}")


@torch.no_grad()
def rollout(act, n=500, steps=60):
    torch.manual_seed(1)
    s, c = starts(n), 0.0
    for _ in range(steps):
        u = act(s)
        s = plant(s, u)
        c = c + cost(s, u).mean().item() / steps
    up = (s[:, 0].cos() > 0.9).float().mean().item()
    return c, up


print("no torque : mean cost %.3f, upright at the end %.2f" % rollout(lambda s: torch.zeros(len(s), 1)))
print("policy    : mean cost %.3f, upright at the end %.2f" % rollout(lambda s: policy(feat(s))))
