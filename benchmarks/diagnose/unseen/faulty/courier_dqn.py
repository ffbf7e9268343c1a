"""Courier on a 7x7 street grid: small DQN with replay buffer and target net."""
import copy
import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 3
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)

SIZE = 7
GOAL = (5, 1)
WALLS = {(2, 1), (2, 2), (2, 3), (4, 3), (4, 4), (4, 5)}
MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]


class CourierEnv:
    def reset(self):
        while True:
            self.pos = (random.randrange(SIZE), random.randrange(SIZE))
            if self.pos not in WALLS and self.pos != GOAL:
                break
        self.t = 0
        return self.obs()

    def obs(self):
        o = np.zeros(SIZE * SIZE, dtype=np.float32)
        o[self.pos[0] * SIZE + self.pos[1]] = 1.0
        return o

    def step(self, a):
        r, c = self.pos[0] + MOVES[a][0], self.pos[1] + MOVES[a][1]
        if 0 <= r < SIZE and 0 <= c < SIZE and (r, c) not in WALLS:
            self.pos = (r, c)
        self.t += 1
        done = self.pos == GOAL
        return self.obs(), (1.0 if done else -0.02), done, self.t >= 40


class QNet(nn.Module):
    def __init__(self, n_obs, n_act, hidden=96):
        super().__init__()
        self.fc1 = nn.Linear(n_obs, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, n_act)
        self.apply(self._init)

    @staticmethod
    def _init(m):
        if isinstance(m, nn.Linear):
            nn.init.kaiming_uniform_(m.weight, nonlinearity="relu")
            nn.init.constant_(m.bias, -1.0)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.out(x)


def evaluate(env, q, episodes=60):
    ok, ret = 0, 0.0
    for _ in range(episodes):
        s, done, cut = env.reset(), False, False
        while not (done or cut):
            with torch.no_grad():
                a = q(torch.from_numpy(s)).argmax().item()
            s, r, done, cut = env.step(a)
            ret += r
        ok += done
    return ok / episodes, ret / episodes


env = CourierEnv()
q = QNet(SIZE * SIZE, 4)
target = copy.deepcopy(q)
opt = torch.optim.Adam(q.parameters(), lr=1e-3)
buf = deque(maxlen=10000)
gamma, eps, batch = 0.95, 1.0, 64

s = env.reset()
for step in range(1, 6001):
    if random.random() < eps:
        a = random.randrange(4)
    else:
        with torch.no_grad():
            a = q(torch.from_numpy(s)).argmax().item()
    s2, r, done, cut = env.step(a)
    buf.append((s, a, r, s2, float(done)))
    s = env.reset() if (done or cut) else s2
    eps = max(0.1, 1.0 - step / 3000)

    if step >= 500 and step % 3 == 0:
        b = random.sample(buf, batch)
        S, A, R, S2, D = map(np.array, zip(*b))
        S, S2 = torch.from_numpy(S), torch.from_numpy(S2)
        A = torch.from_numpy(A)
        R, D = torch.from_numpy(R).float(), torch.from_numpy(D).float()
        with torch.no_grad():
            y = R + gamma * (1 - D) * target(S2).max(1).values
        pred = q(S).gather(1, A[:, None]).squeeze(1)
        loss = F.smooth_l1_loss(pred, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 150 == 0:
            target.load_state_dict(q.state_dict())
        if step % 600 == 0:
            print(f"step {step:5d}  eps {eps:.2f}  td loss {loss.item():.4f}")

succ, ret = evaluate(env, q)
print(f"final greedy success rate {succ:.3f}  mean return {ret:.3f}")
