"""Double DQN with a target network on a 6x6 grid world with walls."""
import copy
import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SIZE, GOAL = 6, (5, 5)
WALLS = {(1, 1), (1, 2), (1, 3), (3, 2), (3, 3), (3, 4), (4, 1)}
MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]


class Grid:
    def reset(self):
        while True:
            self.pos = (random.randrange(SIZE), random.randrange(SIZE))
            if self.pos not in WALLS and self.pos != GOAL:
                break
        self.t = 0
        return self.obs()

    def obs(self):
        v = np.zeros(2 * SIZE, dtype=np.float32)
        v[self.pos[0]] = v[SIZE + self.pos[1]] = 1.0
        return v

    def step(self, a):
        r, c = self.pos[0] + MOVES[a][0], self.pos[1] + MOVES[a][1]
        if 0 <= r < SIZE and 0 <= c < SIZE and (r, c) not in WALLS:
            self.pos = (r, c)
        self.t += 1
        goal = self.pos == GOAL
        return self.obs(), (1.0 if goal else -0.02), goal, goal or self.t >= 40


def qnet():
    return nn.Sequential(nn.Linear(2 * SIZE, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 4))


def episode_return(policy, env, n=100):
    total, solved = 0.0, 0
    for _ in range(n):
        s, end = env.reset(), False
        while not end:
            s, r, goal, end = env.step(policy(s))
            total += r
        solved += goal
    return total / n, solved / n


random.seed(0); np.random.seed(0); torch.manual_seed(0)
env, buffer = Grid(), deque(maxlen=5000)
online = qnet()
target = copy.deepcopy(online).requires_grad_(False)
opt = torch.optim.Adam(online.parameters(), lr=5e-4)
gamma, s = 0.95, env.reset()

for step in range(5000):
    eps = max(0.1, 1.0 - step / 2500)
    if random.random() < eps:
        a = random.randrange(4)
    else:
        with torch.no_grad():
            a = online(torch.from_numpy(s)).argmax().item()
    s2, r, goal, end = env.step(a)
    buffer.append((s, a, r, s2, float(goal)))
    s = env.reset() if end else s2
    if len(buffer) < 300 or step % 2:
        continue
    batch = random.sample(buffer, 64)
    S, A, R, S2, D = (torch.tensor(np.array(v)) for v in zip(*batch))
    with torch.no_grad():
        best = online(S2).argmax(1, keepdim=True)
        y = R.float() + gamma * (1 - D.float()) * target(S2).gather(1, best).squeeze(1)
    q = online(S).gather(1, A[:, None]).squeeze(1)
    loss = F.smooth_l1_loss(q, y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_value_(online.parameters(), 1.0)
    opt.step()
    with torch.no_grad():
        for pt, po in zip(target.parameters(), online.parameters()):
            pt.data.lerp_(po.data, 0.01)
    if step % 1000 == 999:
        print(f"step {step + 1} td-loss {loss.item():.5f}")


def greedy(obs):
    with torch.no_grad():
        return online(torch.from_numpy(obs)).argmax().item()


base, base_solved = episode_return(lambda _: random.randrange(4), env)
score, solved = episode_return(greedy, env)
print("random return", round(base, 3), "solved", base_solved)
print("greedy return", round(score, 3), "solved", solved)
