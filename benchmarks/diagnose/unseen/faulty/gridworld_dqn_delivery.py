"""DQN for a delivery robot: every move costs 1 until the depot is reached."""
import copy
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

N = 7
GOAL = (6, 5)
WALLS = {(2, 1), (2, 2), (2, 3), (4, 3), (4, 4), (4, 5), (4, 6)}
MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]
MAX_STEPS = 50


class Grid:
    def __init__(self, rng):
        self.rng = rng

    def reset(self):
        while True:
            self.pos = (self.rng.randrange(N), self.rng.randrange(N))
            if self.pos != GOAL and self.pos not in WALLS:
                break
        self.t = 0
        return self.obs()

    def obs(self):
        o = np.zeros(N * N, dtype=np.float32)
        o[self.pos[0] * N + self.pos[1]] = 1.0
        return o

    def step(self, a):
        y, x = self.pos[0] + MOVES[a][0], self.pos[1] + MOVES[a][1]
        if 0 <= y < N and 0 <= x < N and (y, x) not in WALLS:
            self.pos = (y, x)
        self.t += 1
        done = self.pos == GOAL
        return self.obs(), -1.0, done, done or self.t >= MAX_STEPS


def mlp(sizes):
    layers = []
    for a, b in zip(sizes[:-1], sizes[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers)


class Agent:
    def __init__(self, gamma=0.97, lr=5e-4):
        self.q = mlp([N * N, 96, 96, 4])
        self.target = copy.deepcopy(self.q)
        self.opt = torch.optim.Adam(self.q.parameters(), lr=lr)
        self.gamma = gamma
        self.cap, self.n = 20000, 0
        self.s = np.zeros((self.cap, N * N), np.float32)
        self.s2 = np.zeros((self.cap, N * N), np.float32)
        self.a = np.zeros(self.cap, np.int64)
        self.r = np.zeros(self.cap, np.float32)
        self.d = np.zeros(self.cap, np.float32)

    def act(self, s, eps):
        if random.random() < eps:
            return random.randrange(4)
        with torch.no_grad():
            return int(self.q(torch.from_numpy(s)).argmax())

    def remember(self, s, a, r, s2, d):
        i = self.n % self.cap
        self.s[i], self.a[i], self.r[i], self.s2[i], self.d[i] = s, a, r, s2, d
        self.n += 1

    def learn(self, batch=64):
        i = np.random.randint(0, min(self.n, self.cap), batch)
        s, s2 = torch.from_numpy(self.s[i]), torch.from_numpy(self.s2[i])
        a, r, d = torch.from_numpy(self.a[i]), torch.from_numpy(self.r[i]), torch.from_numpy(self.d[i])
        with torch.no_grad():
            y = r + self.gamma * (1 - d) * self.target(s2).max(1).values
        q = self.q(s).gather(1, a[:, None]).squeeze(1)
        loss = F.smooth_l1_loss(q, y)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        return loss.item()


def test(agent, episodes=60):
    env = Grid(random.Random(99))
    steps = []
    for _ in range(episodes):
        s, over = env.reset(), False
        while not over:
            s, _, _, over = env.step(agent.act(s, 0.0))
        steps.append(env.t)
    return float(np.mean(steps))


def main():
    random.seed(2), np.random.seed(2), torch.manual_seed(2)
    env, agent = Grid(random.Random(2)), Agent()
    s, loss = env.reset(), 0.0
    total = 10000
    for t in range(1, total + 1):
        eps = max(0.1, 1.0 - t / 5000)
        a = agent.act(s, eps)
        s2, r, done, over = env.step(a)
        agent.remember(s, a, r, s2, float(done))
        s = env.reset() if over else s2
        if t > 500:
            loss = agent.learn()
        if t % 300 == 0:
            agent.target.load_state_dict(agent.q.state_dict())
        if t % 1000 == 0:
            print(f"t {t} eps {eps:.2f} loss {loss:.4f} mean steps to depot {test(agent):.1f}")
    print(f"final mean steps to depot {test(agent, 200):.2f} (limit {MAX_STEPS})")


if __name__ == "__main__":
    main()
