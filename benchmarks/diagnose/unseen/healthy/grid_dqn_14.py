"""Deep Q-learning on a 5x5 grid with pits; numpy-free environment, hand-written network."""
import copy
import math
import os
import random

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
random.seed(SEED)

N = 5
PITS = {(1, 1), (2, 3), (4, 1)}
GOAL = (4, 4)
MOVES = [(0, 1), (1, 0), (0, -1), (-1, 0)]
GAMMA, TARGET_EVERY, BATCH, STEPS = 0.9, 100, 64, 5000


class Grid:
    def reset(self):
        while True:
            self.pos = (random.randrange(N), random.randrange(N))
            if self.pos != GOAL and self.pos not in PITS:
                break
        self.t = 0
        return self.obs()

    def obs(self):
        v = [0.0] * (N * N)
        v[self.pos[0] * N + self.pos[1]] = 1.0
        return v

    def step(self, a):
        r, c = self.pos[0] + MOVES[a][0], self.pos[1] + MOVES[a][1]
        self.pos = (min(max(r, 0), N - 1), min(max(c, 0), N - 1))
        self.t += 1
        if self.pos == GOAL:
            return self.obs(), 1.0, True
        if self.pos in PITS:
            return self.obs(), -1.0, True
        return self.obs(), -0.02, False


class QNet(torch.nn.Module):
    def __init__(self, h=64):
        super().__init__()
        P = torch.nn.Parameter
        self.w1, self.b1 = P(torch.randn(h, N * N)), P(torch.zeros(h))
        self.w2, self.b2 = P(torch.randn(h, h) * math.sqrt(2 / h)), P(torch.zeros(h))
        self.wv = P(torch.randn(1, h) / math.sqrt(h))
        self.wa = P(torch.randn(4, h) / math.sqrt(h))

    def forward(self, x):
        elu = lambda t: torch.where(t > 0, t, torch.exp(t.clamp(max=0)) - 1)
        h = elu(F.linear(elu(F.linear(x, self.w1, self.b1)), self.w2, self.b2))
        adv = F.linear(h, self.wa)
        return F.linear(h, self.wv) + adv - adv.mean(-1, keepdim=True)


def rollouts(policy, n=200):
    env, total = Grid(), 0.0
    for _ in range(n):
        s, done = env.reset(), False
        while not done and env.t < 30:
            s, r, done = env.step(policy(s))
            total += r
    return total / n


online = QNet()
target = copy.deepcopy(online)
for p in target.parameters():
    p.requires_grad_(False)
opt = torch.optim.RMSprop(online.parameters(), lr=1e-3)
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda i: max(0.02, 1 - i / 4000))
width = N * N
memory = torch.zeros(STEPS, 2 * width + 3)      # state, next state, action, reward, done
env = Grid()
s = env.reset()
for step in range(STEPS):
    eps = max(0.5, 1 - step / 6000)
    with torch.no_grad():
        a = random.randrange(4) if random.random() < eps else int(online(torch.tensor(s)).argmax())
    s2, r, done = env.step(a)
    memory[step] = torch.tensor(s + s2 + [a, r, float(done)])
    s = env.reset() if done or env.t >= 30 else s2
    if step >= 500:
        rows = memory[torch.randint(0, step + 1, (BATCH,))]
        bs, bs2 = rows[:, :width], rows[:, width:2 * width]
        ba, br, bd = rows[:, -3].long(), rows[:, -2], rows[:, -1]
        with torch.no_grad():
            best = online(bs2).argmax(1, keepdim=True)
            goal = br + GAMMA * (1 - bd) * target(bs2).gather(1, best).squeeze(1)
        err = online(bs).gather(1, ba[:, None]).squeeze(1) - goal
        loss = torch.where(err.abs() < 1, 0.5 * err ** 2, err.abs() - 0.5).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if step % 1000 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    if step % TARGET_EVERY == 0:
        target.load_state_dict(online.state_dict())

with torch.no_grad():
    learned = rollouts(lambda o: int(online(torch.tensor(o)).argmax()))
print(f"return of learned policy {learned:.3f}  of random policy {rollouts(lambda o: random.randrange(4)):.3f}")
