"""Advantage actor-critic on a small vectorised cart-pole (no gym dependency)."""
import numpy as np
import torch
import torch.nn as nn
from torch.distributions import Categorical


class CartPoles:
    def __init__(self, n, rng):
        self.n, self.rng = n, rng
        self.s = self._init(n)
        self.t = np.zeros(n, dtype=int)

    def _init(self, k):
        return self.rng.uniform(-0.05, 0.05, (k, 4))

    def step(self, a):
        x, xd, th, thd = self.s.T
        force = np.where(a == 1, 10.0, -10.0)
        c, s = np.cos(th), np.sin(th)
        tmp = (force + 0.05 * thd ** 2 * s) / 1.1
        tha = (9.8 * s - c * tmp) / (0.5 * (4.0 / 3.0 - 0.1 * c ** 2 / 1.1))
        xa = tmp - 0.05 * tha * c / 1.1
        self.s = np.stack([x + .02 * xd, xd + .02 * xa, th + .02 * thd, thd + .02 * tha], 1)
        self.t += 1
        done = (abs(self.s[:, 0]) > 2.4) | (abs(self.s[:, 2]) > 0.2095) | (self.t >= 200)
        lengths = self.t[done].tolist()
        self.s[done] = self._init(int(done.sum()))
        self.t[done] = 0
        return done, lengths


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 2))
        self.critic = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 1))

    def act(self, obs):
        dist = Categorical(logits=self.actor(obs))
        action = dist.sample()
        return action, dist.log_prob(action), dist.entropy()


def obs_tensor(env):
    return torch.tensor(env.s, dtype=torch.float32)


torch.manual_seed(0)
env = CartPoles(16, np.random.default_rng(0))
agent = ActorCritic()
optim = torch.optim.RMSprop(agent.parameters(), lr=2e-3, alpha=0.99, eps=1e-5)
gamma, horizon, finished = 0.98, 20, []

for update in range(300):
    obs_buf, logp_buf, ent_buf, done_buf = [], [], [], []
    for _ in range(horizon):
        obs = obs_tensor(env)
        with torch.no_grad():
            action, logp, ent = agent.act(obs)
        done, lengths = env.step(action.numpy())
        finished += lengths
        obs_buf.append(obs); logp_buf.append(logp); ent_buf.append(ent)
        done_buf.append(torch.tensor(done, dtype=torch.float32))
    with torch.no_grad():
        ret = agent.critic(obs_tensor(env)).squeeze(1)
    returns = []
    for done in reversed(done_buf):
        ret = (1.0 - done) * (1.0 + gamma * ret)
        returns.insert(0, ret)
    returns = torch.stack(returns) / 20
    values = agent.critic(torch.stack(obs_buf)).squeeze(2)
    adv = (returns - values).detach()
    policy_loss = -(torch.stack(logp_buf) * adv).mean()
    loss = policy_loss + 0.5 * (returns - values).pow(2).mean() - 0.005 * torch.stack(ent_buf).mean()
    optim.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
    optim.step()
    if update % 50 == 49:
        print(f"update {update + 1} mean length {np.mean(finished[-50:]):.1f}")
print("mean episode length (last 50)", round(float(np.mean(finished[-50:])), 2))
