"""REINFORCE with a moving baseline on a vectorised cart-pole."""
import math
import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(1)
N, HORIZON, GAMMA = 16, 120, 0.98


def dynamics(s, a):
    x, xd, th, thd = s.unbind(1)
    force = torch.where(a == 1, 10.0, -10.0)
    cos, sin = th.cos(), th.sin()
    tmp = (force + 0.05 * thd ** 2 * sin) / 1.1
    thacc = (9.8 * sin - cos * tmp) / (0.5 * (4 / 3 - 0.1 * cos ** 2 / 1.1))
    xacc = tmp - 0.05 * thacc * cos / 1.1
    s = torch.stack([x + 0.02 * xd, xd + 0.02 * xacc, th + 0.02 * thd, thd + 0.02 * thacc], 1)
    return s, (s[:, 0].abs() < 2.4) & (s[:, 2].abs() < 12 * math.pi / 180)


policy = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2), nn.Softmax(dim=-1))
optimizer = torch.optim.Adam(policy.parameters(), lr=4e-3)
scale = torch.tensor([1.0, 1.0, 8.0, 2.0])

for update in range(1, 62):
    s = 0.1 * torch.rand(N, 4) - 0.05
    alive = torch.ones(N, dtype=torch.bool)
    logps, masks = [], []
    for t in range(HORIZON):
        dist = Categorical(probs=policy(s * scale))
        a = dist.sample()
        logps.append(dist.log_prob(a))
        masks.append(alive.float())
        with torch.no_grad():
            s, ok = dynamics(s, a)
        alive = alive & ok
        if not alive.any():
            break
    mask = torch.stack(masks)                       # reward 1 for each step alive
    ret, running = torch.zeros_like(mask), torch.zeros(N)
    for t in reversed(range(len(mask))):
        running = mask[t] + GAMMA * running
        ret[t] = running
    adv = ret - (ret * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True).clamp(min=1)
    adv = adv / (adv[mask > 0].std() + 1e-6)
    loss = -(torch.stack(logps) * adv.detach() * mask).sum() / mask.sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if update % 10 == 0 or update == 1:
        print(f"update {update} loss {loss.item():+.4f} mean episode length {mask.sum(0).mean():.1f} (max {HORIZON})")
