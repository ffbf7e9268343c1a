"""Advantage actor-critic on a batch of point-mass reaching environments."""
from dataclasses import dataclass
import sys
import torch
import torch.nn as nn
from torch.distributions import Normal

torch.set_num_threads(1)


@dataclass
class Config:
    envs: int = 256
    horizon: int = 20
    hidden: int = 64
    updates: int = 300
    lr: float = 2e-3
    gamma: float = 0.9
    arena_mm: float = 1000.0
    seed: int = 0


class PointReach:
    """Positions are millimetres; an action of 1 moves the hand by 200 mm."""

    def __init__(self, n, arena):
        self.n, self.arena = n, arena

    def reset(self):
        self.pos = (torch.rand(self.n, 2) * 2 - 1) * self.arena
        self.goal = (torch.rand(self.n, 2) * 2 - 1) * self.arena
        return self.observe()

    def observe(self):
        return torch.cat([self.pos, self.goal], 1)

    def step(self, action):
        self.pos = self.pos + 200.0 * action.clamp(-2, 2)
        dist = (self.pos - self.goal).norm(dim=1)
        return self.observe(), -dist / self.arena


class ActorCritic(nn.Module):
    def __init__(self, obs, act, hidden):
        super().__init__()
        self.fc1 = nn.Linear(obs, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.mean = nn.Linear(hidden, act)
        self.log_std = nn.Parameter(torch.full((act,), -0.5))
        self.v1 = nn.Linear(obs, hidden)
        self.v2 = nn.Linear(hidden, 1)

    def forward(self, obs):
        h = torch.tanh(self.fc1(obs))
        h = torch.tanh(self.fc2(h))
        value = self.v2(torch.tanh(self.v1(obs))).squeeze(-1)
        return Normal(self.mean(h), self.log_std.exp()), value


def rollout(env, net, cfg):
    obs = env.reset()
    buf = []
    for _ in range(cfg.horizon):
        with torch.no_grad():
            dist, _ = net(obs)
            act = dist.sample()
        nxt, rew = env.step(act)
        buf.append((obs, act, rew))
        obs = nxt
    with torch.no_grad():
        ret = net(obs)[1]
    returns = []
    for _, _, rew in reversed(buf):
        ret = rew + cfg.gamma * ret
        returns.insert(0, ret)
    return (torch.cat([b[0] for b in buf]), torch.cat([b[1] for b in buf]), torch.cat(returns))


@torch.no_grad()
def evaluate(net, cfg):
    env = PointReach(512, cfg.arena_mm)
    obs, total = env.reset(), 0.0
    for _ in range(cfg.horizon):
        obs, rew = env.step(net(obs)[0].mean)
        total += rew.mean().item()
    return total


def main():
    cfg = Config(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    torch.manual_seed(cfg.seed)
    env = PointReach(cfg.envs, cfg.arena_mm)
    net = ActorCritic(4, 2, cfg.hidden)
    opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
    print("untrained return", round(evaluate(net, cfg), 3))
    for it in range(cfg.updates):
        obs, act, ret = rollout(env, net, cfg)
        dist, value = net(obs)
        adv = ret - value.detach()
        adv = (adv - adv.mean()) / (adv.std() + 1e-6)
        pg = -(dist.log_prob(act).sum(1) * adv).mean()
        vf = (ret - value).pow(2).mean()
        loss = pg + 0.5 * vf - 1e-3 * dist.entropy().mean()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        if it % 60 == 0:
            print(f"update {it} value loss {vf.item():.4f} return {evaluate(net, cfg):.3f}")
    print(f"final mean return {evaluate(net, cfg):.4f}")


if __name__ == "__main__":
    main()
