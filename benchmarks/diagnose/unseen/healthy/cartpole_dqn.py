"""DQN on a NumPy cart-pole with a frozen target network and Huber loss."""
import copy
import math
import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn

random.seed(0)
np.random.seed(0)
torch.manual_seed(0)


class CartPole:
    """Classic control dynamics, episode capped at 150 steps."""

    def reset(self):
        self.s = np.random.uniform(-0.05, 0.05, 4)
        self.t = 0
        return self.s.astype(np.float32)

    def step(self, a):
        x, xd, th, thd = self.s
        force = 10.0 if a == 1 else -10.0
        c, sn = math.cos(th), math.sin(th)
        tmp = (force + 0.05 * thd ** 2 * sn) / 1.1
        tha = (9.8 * sn - c * tmp) / (0.5 * (4 / 3 - 0.1 * c * c / 1.1))
        xa = tmp - 0.05 * tha * c / 1.1
        self.s = np.array([x + 0.02 * xd, xd + 0.02 * xa, th + 0.02 * thd, thd + 0.02 * tha])
        self.t += 1
        fell = abs(self.s[0]) > 2.4 or abs(self.s[2]) > 0.2095
        return self.s.astype(np.float32), 1.0, fell, self.t >= 150


def make_q():
    return nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))


def act(net, s):
    with torch.no_grad():
        return net(torch.from_numpy(s)).argmax().item()


def play(policy, n=5):
    env, total = CartPole(), 0
    for _ in range(n):
        s, fell, cap = env.reset(), False, False
        while not (fell or cap):
            s, r, fell, cap = env.step(policy(s))
            total += r
    return total / n


online = make_q()
target = copy.deepcopy(online)
for p in target.parameters():
    p.requires_grad_(False)
opt = torch.optim.Adam(online.parameters(), lr=1e-3)
huber = nn.SmoothL1Loss()
memory = deque(maxlen=8000)
env = CartPole()
s = env.reset()

for step in range(1, 6001):
    eps = max(0.05, 1 - step / 2500)
    a = random.randrange(2) if random.random() < eps else act(online, s)
    s2, r, fell, cap = env.step(a)
    memory.append((s, a, r, s2, float(fell)))
    s = env.reset() if fell or cap else s2
    if step < 400 or step % 2:
        continue
    S, A, R, S2, D = (np.array(z) for z in zip(*random.sample(memory, 64)))
    S, S2 = torch.from_numpy(S), torch.from_numpy(S2)
    R, D = torch.from_numpy(R).float(), torch.from_numpy(D).float()
    best = online(S2).argmax(1, keepdim=True)
    y = R + 0.98 * (1 - D) * target(S2).gather(1, best).squeeze(1)
    q = online(S).gather(1, torch.from_numpy(A)[:, None]).squeeze(1)
    loss = huber(q, y.detach())
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(online.parameters(), 10.0)
    opt.step()
    with torch.no_grad():
        for pt, po in zip(target.parameters(), online.parameters()):
            pt.mul_(0.99).add_(po, alpha=0.01)
    if step % 1000 == 0:
        print(f"step {step}  loss {loss.item():.4f}  mean q {q.mean().item():.2f}")

print(f"random policy return {play(lambda s: random.randrange(2), 30):.1f}")
print(f"final greedy return {play(lambda s: act(online, s)):.1f}")
