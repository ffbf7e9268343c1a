import copy
from collections import deque
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn


@dataclass
class Cfg:
    size: int = 5
    horizon: int = 24
    gamma: float = 0.95
    hidden: int = 64
    lr: float = 1e-3
    tau: float = 0.02
    envs: int = 16
    steps: int = 1500
    batch: int = 128


class GridWorld:
    """Many small grids side by side: walk to the goal, reward 1 on arrival."""

    moves = np.array([[0, 1], [0, -1], [1, 0], [-1, 0]])

    def __init__(self, n, cfg, seed):
        self.n, self.cfg, self.rng = n, cfg, np.random.default_rng(seed)
        self.pos, self.goal, self.t = (np.zeros((n, 2), int), np.zeros((n, 2), int), np.zeros(n, int))
        self.reset(np.ones(n, bool))

    def reset(self, mask):
        k = int(mask.sum())
        self.pos[mask] = self.rng.integers(0, self.cfg.size, (k, 2))
        self.goal[mask] = self.rng.integers(0, self.cfg.size, (k, 2))
        same = mask & (self.pos == self.goal).all(1)
        self.goal[same] = (self.goal[same] + 1) % self.cfg.size
        self.t[mask] = 0

    def observe(self):
        s = self.cfg.size - 1
        return np.concatenate([self.pos / s * 2 - 1, self.goal / s * 2 - 1, (self.goal - self.pos) / s],
                              1).astype("float32")

    def step(self, a):
        self.pos = np.clip(self.pos + self.moves[a], 0, self.cfg.size - 1)
        self.t += 1
        hit = (self.pos == self.goal).all(1)
        nxt = self.observe()
        over = hit | (self.t >= self.cfg.horizon)
        self.reset(over)
        return nxt, hit.astype("float32"), hit, over


def q_network(cfg):
    return nn.Sequential(nn.Linear(6, cfg.hidden), nn.ReLU(), nn.Linear(cfg.hidden, cfg.hidden), nn.ReLU(),
                         nn.Linear(cfg.hidden, 4))


class Agent:
    def __init__(self, cfg):
        self.cfg = cfg
        self.online = q_network(cfg)
        self.target = copy.deepcopy(self.online).requires_grad_(False)
        self.opt = torch.optim.Adam(self.online.parameters(), lr=cfg.lr)
        self.memory = deque(maxlen=600)

    @torch.no_grad()
    def act(self, obs, eps, rng):
        a = self.online(torch.from_numpy(obs)).argmax(1).numpy()
        explore = rng.random(len(a)) < eps
        return np.where(explore, rng.integers(0, 4, len(a)), a)

    def learn(self, rng):
        picks = rng.integers(0, len(self.memory), self.cfg.batch // self.cfg.envs)
        s, a, r, s2, done = (torch.from_numpy(np.concatenate(c)) for c in zip(*(self.memory[i] for i in picks)))
        with torch.no_grad():
            best = self.online(s2).argmax(1, keepdim=True)
            y = r + self.cfg.gamma * (~done).float() * self.target(s2).gather(1, best).squeeze(1)
        q = self.online(s).gather(1, a[:, None]).squeeze(1)
        loss = nn.functional.smooth_l1_loss(q, y)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        with torch.no_grad():
            for p, t in zip(self.online.parameters(), self.target.parameters()):
                t.lerp_(p, self.cfg.tau)
        return loss.item()


def success(agent, cfg, eps, seed):
    env, rng, wins, games = GridWorld(200, cfg, seed), np.random.default_rng(seed), 0, 0
    for _ in range(2 * cfg.horizon):
        _, r, _, over = env.step(agent.act(env.observe(), eps, rng))
        wins, games = wins + r.sum(), games + over.sum()
    return wins / max(games, 1)


if __name__ == "__main__":
    cfg = Cfg()
    torch.manual_seed(0)
    rng, env, agent = np.random.default_rng(0), GridWorld(cfg.envs, cfg, 1), Agent(cfg)
    for step in range(cfg.steps):
        obs = env.observe()
        a = agent.act(obs, max(0.1, 1 - step / 800), rng)
        nxt, r, done, _ = env.step(a)
        agent.memory.append((obs, a, r, nxt, done))
        loss = agent.learn(rng) if step > 20 else 0.0
        if step % 300 == 0:
            print(f"step {step} loss {loss:.5f}")
    print(f"baseline {success(agent, cfg, 1.0, 5):.4f}")
    print(f"metric {success(agent, cfg, 0.05, 5):.4f}")
