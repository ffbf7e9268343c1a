"""Double DQN with a target network on a small key-and-door corridor."""
import copy
import os
import random
from collections import deque

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
random.seed(SEED)
L, MAX_T, GAMMA = 8, 30, 0.95


class Corridor:
    """Fetch the key at a random cell, then walk to the door at another random cell."""

    def reset(self):
        self.key, self.door, self.pos = random.sample(range(L), 3)
        self.has, self.t = False, 0
        return self.obs()

    def obs(self):
        o = torch.zeros(3 * L + 1)
        o[self.pos] = o[2 * L + self.door] = 1
        if not self.has:
            o[L + self.key] = 1
        o[-1] = float(self.has)
        return o

    def step(self, a):
        self.pos = min(max(self.pos + (1 if a else -1), 0), L - 1)
        self.t += 1
        r, done = -0.02, False
        if not self.has and self.pos == self.key:
            self.has, r = True, 0.3
        elif self.has and self.pos == self.door:
            r, done = 1.0, True
        return self.obs(), r, done, done or self.t >= MAX_T


class DuelingQ(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3 * L + 1, 64), nn.ReLU(), nn.Linear(64, 64), nn.ELU())
        self.v, self.a = nn.Linear(64, 1), nn.Linear(64, 2)

    def forward(self, x):
        h = self.body(x)
        a = self.a(h)
        return self.v(h) + a - a.mean(1, keepdim=True)


def learn(online, target, opt, batch):
    s, a, r, s2, done = batch
    q = online(s).gather(1, a[:, None]).squeeze(1)
    with torch.no_grad():
        best = online(s2).argmax(1, keepdim=True)
        y = r + GAMMA * (1 - done) * target(s2).gather(1, best).squeeze(1)
    loss = F.smooth_l1_loss(q, y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(online.parameters(), 1.0)
    opt.step()
    with torch.no_grad():
        for tp, op in zip(target.parameters(), online.parameters()):
            tp.lerp_(op, 0.02)


def play(policy, n=200):
    env, total = Corridor(), 0.0
    for _ in range(n):
        s, over = env.reset(), False
        while not over:
            s, r, _, over = env.step(policy(s))
            total += r
    return total / n


online = DuelingQ()
target = copy.deepcopy(online).requires_grad_(False)
opt = torch.optim.Adam(online.parameters(), lr=1e-3)
buffer, env = deque(maxlen=10000), Corridor()
s = env.reset()
for step in range(7000):
    eps = max(0.1, 1 - step / 3500)
    with torch.no_grad():
        act = random.randrange(2) if random.random() < eps else online(s[None]).argmax().item()
    s2, r, done, over = env.step(act)
    buffer.append((s, act, r, s2, float(done)))
    s = env.reset() if over else s2
    if step > 500 and step % 2 == 0:
        b = list(zip(*random.sample(buffer, 64)))
        learn(online, target, opt, (torch.stack(b[0]), torch.tensor(b[1]), torch.tensor(b[2]),
                                    torch.stack(b[3]), torch.tensor(b[4])))

with torch.no_grad():
    score = play(lambda s: online(s[None]).argmax().item())
print(f"mean return {score:.3f}   random policy {play(lambda s: random.randrange(2)):.3f}")
