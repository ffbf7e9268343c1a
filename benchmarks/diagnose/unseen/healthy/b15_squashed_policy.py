"""Actor-critic with a tanh-squashed gaussian policy and PPO clipping on a point-mass world."""
import torch
from torch import nn

torch.manual_seed(1)
N, T = 64, 25


class World:
    def reset(self):
        self.p, self.v = torch.rand(N, 2) * 2 - 1, torch.zeros(N, 2)
        return torch.cat([self.p, self.v], 1)

    def step(self, a):
        self.v = 0.8 * self.v + 0.25 * a
        self.p = (self.p + 0.3 * self.v).clamp(-2, 2)
        return torch.cat([self.p, self.v], 1), -self.p.norm(dim=1) - 0.02 * a.pow(2).sum(1)


def net(o):
    return nn.Sequential(nn.Linear(4, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, o))


actor, critic = net(2), net(1)
nn.init.normal_(actor[-1].weight, std=0.01)
log_std = nn.Parameter(torch.full((2,), -0.5))
opt_a = torch.optim.Adam([*actor.parameters(), log_std], lr=2e-3)
opt_c = torch.optim.Adam(critic.parameters(), lr=5e-3)


def logp(obs, u):
    d = torch.distributions.Normal(actor(obs), log_std.exp())
    corr = 2 * (0.6931 - u - nn.functional.softplus(-2 * u))      # log(1 - tanh(u)^2)
    return (d.log_prob(u) - corr).sum(-1)


env = World()
for it in range(45):
    obs, us, rs = [], [], []
    o = env.reset()
    with torch.no_grad():
        for t in range(T):
            u = actor(o) + log_std.exp() * torch.randn(N, 2)
            obs.append(o)
            us.append(u)
            o, r = env.step(torch.tanh(u))
            rs.append(r)
        R, ret = critic(o).squeeze(-1) * 0, []
        for r in reversed(rs):
            R = r + 0.95 * R
            ret.insert(0, R)
        obs, us, ret = torch.cat(obs), torch.cat(us), torch.cat(ret) / 5
        old = logp(obs, us)
        adv = ret - critic(obs).squeeze(-1)
        adv = (adv - adv.mean()) / (adv.std() + 1e-6)
    for _ in range(3):
        for ix in torch.randperm(N * T).split(400):
            ratio = (logp(obs[ix], us[ix]) - old[ix]).exp()
            la = -torch.min(ratio * adv[ix], ratio.clamp(0.8, 1.2) * adv[ix]).mean()
            opt_a.zero_grad(); la.backward(); opt_a.step()
            lc = nn.functional.smooth_l1_loss(critic(obs[ix]).squeeze(-1), ret[ix])
            opt_c.zero_grad(); lc.backward(); opt_c.step()
    if it == 0:
        first = sum(r.mean().item() for r in rs)
    if it % 9 == 0 or it == 44:
        print(it, "episode return %.2f value loss %.4f std %.2f" % (sum(r.mean().item() for r in rs), lc.item(), log_std.exp().mean().item()))
print("return of the untrained policy %.2f" % first)
