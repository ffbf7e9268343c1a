# DQN on "Catch" (bsuite like): a ball falls, move the paddle. Double DQN with soft target updates.
import os, random, copy
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
random.seed(SEED); np.random.seed(SEED); torch.manual_seed(SEED)
ROWS, COLS = 7, 5


class Catch:
    def reset(self):
        self.r, self.c, self.p = 0, random.randrange(COLS), COLS // 2
        return self.obs()

    def obs(self):
        b = np.zeros((ROWS, COLS), np.float32)
        b[self.r, self.c] = 1
        b[ROWS - 1, self.p] = 1
        return b.ravel()

    def step(self, a):
        self.p = min(max(self.p + a - 1, 0), COLS - 1)
        self.r += 1
        done = self.r == ROWS - 1
        reward = (1.0 if self.p == self.c else -1.0) if done else 0.0
        return self.obs(), reward, done


def act(net, s, eps):
    if random.random() < eps:
        return random.randrange(3)
    with torch.no_grad():
        return net(torch.from_numpy(s)[None]).argmax().item()


def run_episode(env, net, eps, memory=None):
    s, done = env.reset(), False
    while not done:
        a = act(net, s, eps)
        s2, r, done = env.step(a)
        if memory is not None:
            memory.append((s, a, r, s2, done))
        s = s2
    return r


online = nn.Sequential(nn.Linear(ROWS * COLS, 64), nn.ELU(), nn.Linear(64, 64), nn.ELU(), nn.Linear(64, 3))
target = copy.deepcopy(online)
for p in target.parameters():
    p.requires_grad_(False)
opt = torch.optim.Adam(online.parameters(), lr=1e-3)
env, memory = Catch(), []

for episode in range(600):
    run_episode(env, online, max(0.1, 1 - episode / 300), memory)
    memory = memory[-3000:]
    if len(memory) < 100:
        continue
    for _ in range(5):
        s, a, r, s2, d = map(np.array, zip(*random.sample(memory, 64)))
        s, s2 = torch.from_numpy(s), torch.from_numpy(s2)
        a, r, d = torch.tensor(a), torch.tensor(r, dtype=torch.float32), torch.tensor(d, dtype=torch.float32)
        with torch.no_grad():
            best = online(s2).argmax(1, keepdim=True)
            y = r + 0.98 * (1 - d) * target(s2).gather(1, best).squeeze(1)
        loss = F.smooth_l1_loss(online(s).gather(1, a[:, None]).squeeze(1), y)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(online.parameters(), 10.0)
        opt.step()
        with torch.no_grad():
            for pt, po in zip(target.parameters(), online.parameters()):
                pt.lerp_(po, 0.05)

greedy = np.mean([run_episode(env, online, 0.0) for _ in range(300)])
rand = np.mean([run_episode(env, online, 1.0) for _ in range(300)])
print(f"mean reward greedy {greedy:.3f}  random policy baseline {rand:.3f}")
