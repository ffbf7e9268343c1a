"""Double DQN on a small grid world, with an averaged target network and no torch.optim."""
import copy
import os
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
random.seed(seed)
N, MAXT = 6, 20
MOVES = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])


class Grid:
    """Many agents at once; each must walk to its goal, a step costs 0.05."""

    def __init__(self, n):
        self.n = n
        self.pos, self.goal = torch.randint(N, (n, 2)), torch.randint(N, (n, 2))
        self.t = torch.zeros(n, dtype=torch.long)

    def obs(self):
        return torch.cat([self.pos, self.goal], 1).float() / (N - 1) * 2 - 1

    def step(self, a):
        self.pos = (self.pos + MOVES[a]).clamp(0, N - 1)
        self.t += 1
        win = (self.pos == self.goal).all(1)
        nxt, over = self.obs(), win | (self.t >= MAXT)
        k = int(over.sum())
        self.pos[over], self.goal[over], self.t[over] = torch.randint(N, (k, 2)), torch.randint(N, (k, 2)), 0
        return win.float() - 0.05, nxt, win, over


class QNet(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, hidden), nn.ELU(), nn.Linear(hidden, hidden), nn.ELU())
        self.value, self.adv = nn.Linear(hidden, 1), nn.Linear(hidden, 4)

    def forward(self, s):
        h = self.body(s)
        a = self.adv(h)
        return self.value(h) + a - a.mean(1, keepdim=True)


def play(policy, n=400):
    env, ret, alive = Grid(n), torch.zeros(n), torch.ones(n, dtype=torch.bool)
    for _ in range(MAXT):
        r, _, _, over = env.step(policy(env.obs()))
        ret += r * alive
        alive &= ~over
    return ret.mean().item()


q = QNet()
target = copy.deepcopy(q)
for p in target.parameters():
    p.requires_grad_(False)
vel = [torch.zeros_like(p) for p in q.parameters()]
sq = [torch.zeros_like(p) for p in q.parameters()]
env, replay, gamma, lr = Grid(16), [], 0.95, 1e-3
for it in range(1, 4001):
    s = env.obs()
    eps = max(0.1, 1 - it / 1500)
    with torch.no_grad():
        a = torch.where(torch.rand(16) < eps, torch.randint(4, (16,)), q(s).argmax(1))
    r, s2, done, _ = env.step(a)
    replay.append((s, a, r, s2, done))
    if len(replay) < 50:
        continue
    S, A, R, S2, T = (torch.cat(z) for z in zip(*random.sample(replay[-1500:], 6)))
    with torch.no_grad():
        best = q(S2).argmax(1, keepdim=True)
        goal = R + gamma * target(S2).gather(1, best).squeeze(1) * (~T)
    loss = F.smooth_l1_loss(q(S).gather(1, A[:, None]).squeeze(1), goal)
    loss.backward()
    with torch.no_grad():
        for p, m, v in zip(q.parameters(), vel, sq):
            m.mul_(0.9).add_(p.grad, alpha=0.1)
            v.mul_(0.99).addcmul_(p.grad, p.grad, value=0.01)
            p -= lr * m / (v.sqrt() + 1e-6)
            p.grad = None
        for pt, p in zip(target.parameters(), q.parameters()):
            pt.mul_(0.99).add_(p, alpha=0.01)
    if it % 1000 == 0:
        print(it, "loss", round(loss.item(), 4), "return", round(play(lambda o: q(o).argmax(1)), 3))

with torch.no_grad():
    print(f"mean return {play(lambda o: q(o).argmax(1)):.4f}  "
          f"baseline (random policy) {play(lambda o: torch.randint(4, (len(o),))):.4f}")
