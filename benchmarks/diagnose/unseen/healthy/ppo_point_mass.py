"""PPO-clip with GAE on a 2-D point mass, continuous actions, separate critic."""
import torch
import torch.nn as nn
from torch.distributions import Normal

torch.manual_seed(14)
N_ENV, T, GAMMA, LAM = 64, 32, 0.97, 0.92


class PointMass:
    def __init__(self, n):
        self.n = n
        self.reset()

    def reset(self):
        self.p = torch.rand(self.n, 2) * 4 - 2
        self.v = torch.zeros(self.n, 2)
        return self.obs()

    def obs(self):
        return torch.cat([self.p, self.v], 1)

    def step(self, a):
        a = a.clamp(-1, 1)
        self.v = 0.9 * self.v + 0.25 * a
        self.p = (self.p + 0.3 * self.v).clamp(-3, 3)
        r = -self.p.norm(dim=1) - 0.02 * a.pow(2).sum(1)
        return self.obs(), 0.2 * r


class Actor(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 2))
        self.body[-1].weight.data.mul_(0.01)
        self.body[-1].bias.data.zero_()
        self.log_std = nn.Parameter(torch.full((2,), -0.3))

    def forward(self, o):
        return Normal(self.body(o), self.log_std.exp())


actor = Actor()
critic = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.LayerNorm(64), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
opt = torch.optim.Adam([*actor.parameters(), *critic.parameters()], lr=1e-3, eps=1e-5)
env = PointMass(N_ENV)
returns = []

for it in range(40):
    o = env.reset()
    O, A, LP, R, V = [], [], [], [], []
    with torch.no_grad():
        for _ in range(T):
            dist = actor(o)
            a = dist.sample()
            O.append(o); A.append(a); LP.append(dist.log_prob(a).sum(-1)); V.append(critic(o).squeeze(-1))
            o, r = env.step(a)
            R.append(r)
        V.append(critic(o).squeeze(-1))
        adv, g = [None] * T, torch.zeros(N_ENV)
        for t in reversed(range(T)):
            delta = R[t] + GAMMA * V[t + 1] - V[t]
            g = delta + GAMMA * LAM * g
            adv[t] = g
    O, A, LP = torch.cat(O), torch.cat(A), torch.cat(LP)
    adv = torch.cat(adv)
    ret = adv + torch.cat(V[:-1])
    adv = (adv - adv.mean()) / (adv.std() + 1e-8)
    returns.append(torch.stack(R).sum(0).mean().item())
    for _ in range(4):
        for b in torch.randperm(len(O)).split(512):
            dist = actor(O[b])
            ratio = (dist.log_prob(A[b]).sum(-1) - LP[b]).exp()
            pg = -torch.min(ratio * adv[b], ratio.clamp(0.8, 1.2) * adv[b]).mean()
            vf = 0.5 * (critic(O[b]).squeeze(-1) - ret[b]).pow(2).mean()
            loss = pg + 0.5 * vf - 0.002 * dist.entropy().sum(-1).mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([*actor.parameters(), *critic.parameters()], 0.5)
            opt.step()
    if it % 8 == 0 or it == 39:
        print(f"iter {it:3d} return {returns[-1]:.2f} policy loss {pg.item():+.4f} value loss {vf.item():.3f}")
print(f"return first {returns[0]:.2f} -> last {sum(returns[-3:]) / 3:.2f}")
