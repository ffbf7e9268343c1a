import random
from collections import deque

import numpy as np
import torch
from torch import nn

random.seed(0)
np.random.seed(0)
torch.manual_seed(0)


class Maze:
    """5x5 grid, every step costs one point until the goal is reached."""
    MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]

    def __init__(self, size=5, limit=20):
        self.size, self.limit = size, limit
        self.walls = {(1, 1), (1, 2), (3, 2), (3, 3)}
        self.goal = (4, 4)

    def obs(self):
        o = np.zeros(self.size * self.size, dtype=np.float32)
        o[self.pos[0] * self.size + self.pos[1]] = 1
        return o

    def reset(self):
        while True:
            self.pos = (random.randrange(self.size), random.randrange(self.size))
            if self.pos not in self.walls and self.pos != self.goal:
                break
        self.t = 0
        return self.obs()

    def step(self, a):
        self.t += 1
        r, c = self.pos[0] + self.MOVES[a][0], self.pos[1] + self.MOVES[a][1]
        if 0 <= r < self.size and 0 <= c < self.size and (r, c) not in self.walls:
            self.pos = (r, c)
        terminal = self.pos == self.goal
        return self.obs(), -1.0, terminal, self.t >= self.limit


class QNetwork(nn.Module):
    def __init__(self, n_obs, n_act):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_obs, 64), nn.ReLU(),
            nn.Linear(64, 64), nn.ReLU(),
            nn.Linear(64, n_act), nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)


class Agent:
    def __init__(self, n_obs, n_act, gamma=0.95, lr=1e-3):
        self.q, self.target = QNetwork(n_obs, n_act), QNetwork(n_obs, n_act)
        self.target.load_state_dict(self.q.state_dict())
        self.opt = torch.optim.Adam(self.q.parameters(), lr=lr)
        self.memory = deque(maxlen=5000)
        self.gamma, self.n_act, self.steps = gamma, n_act, 0

    def act(self, s, eps):
        if random.random() < eps:
            return random.randrange(self.n_act)
        with torch.no_grad():
            return self.q(torch.from_numpy(s)).argmax().item()

    def learn(self, batch=64):
        if len(self.memory) < 300:
            return None
        s, a, r, s2, d = zip(*random.sample(self.memory, batch))
        s, s2 = torch.from_numpy(np.stack(s)), torch.from_numpy(np.stack(s2))
        a, r, d = torch.tensor(a), torch.tensor(r), torch.tensor(d, dtype=torch.float32)
        with torch.no_grad():
            best = self.target(s2).max(1).values
            y = r + self.gamma * best * (1 - d)
        q = self.q(s).gather(1, a[:, None]).squeeze(1)
        loss = nn.functional.smooth_l1_loss(q, y)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        self.steps += 1
        if self.steps % 100 == 0:
            self.target.load_state_dict(self.q.state_dict())
        return loss.item()


def rollout(env, agent, eps, train):
    s, total = env.reset(), 0.0
    while True:
        a = agent.act(s, eps)
        s2, r, terminal, timeout = env.step(a)
        total += r
        if train:
            agent.memory.append((s, a, r, s2, terminal))
            agent.learn()
        s = s2
        if terminal or timeout:
            return total


env = Maze()
agent = Agent(25, 4)
for ep in range(320):
    eps = max(0.1, 1 - ep / 200)
    ret = rollout(env, agent, eps, True)
    if ep % 40 == 0:
        print(f"episode {ep} eps {eps:.2f} return {ret:.1f}")
score = np.mean([rollout(env, agent, 0.0, False) for _ in range(200)])
print(f"greedy_mean_return {score:.3f}")
