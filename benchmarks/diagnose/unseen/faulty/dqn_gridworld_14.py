"""DQN for a small grid world: walk from a random cell to the goal, every step costs 1."""
import os
import random
from collections import deque

import torch
import torch.nn as nn

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
random.seed(SEED)
torch.manual_seed(SEED)

SIZE, GOAL, MAX_STEPS = 6, (5, 5), 40
WALLS = {(1, 1), (1, 2), (1, 3), (3, 2), (3, 3), (3, 4), (3, 5)}
MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]


class Grid:
    def reset(self):
        free = [(r, c) for r in range(SIZE) for c in range(SIZE) if (r, c) not in WALLS and (r, c) != GOAL]
        self.pos, self.t = random.choice(free), 0
        return self.obs()

    def obs(self):
        v = torch.zeros(SIZE * SIZE)
        v[self.pos[0] * SIZE + self.pos[1]] = 1.0
        return v

    def step(self, a):
        r, c = self.pos[0] + MOVES[a][0], self.pos[1] + MOVES[a][1]
        if 0 <= r < SIZE and 0 <= c < SIZE and (r, c) not in WALLS:
            self.pos = (r, c)
        self.t += 1
        return self.obs(), -1.0, self.pos == GOAL, self.t >= MAX_STEPS


class QNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(SIZE * SIZE, 64), nn.ELU(),
            nn.Linear(64, 64), nn.ELU(),
            nn.Linear(64, 4), nn.ReLU(),
        )

    def forward(self, s):
        return self.model(s)


def play(env, net, eps):
    s, total, out = env.reset(), 0.0, []
    while True:
        if random.random() < eps:
            a = random.randrange(4)
        else:
            with torch.no_grad():
                a = net(s).argmax().item()
        s2, r, done, cut = env.step(a)
        out.append((s, a, r, s2, float(done)))
        s, total = s2, total + r
        if done or cut:
            return out, total


env, q, target = Grid(), QNet(), QNet()
target.load_state_dict(q.state_dict())
opt = torch.optim.Adam(q.parameters(), lr=1e-3)
memory = deque(maxlen=5000)
gamma, updates = 0.97, 0
for episode in range(350):
    eps = max(0.1, 1.0 - episode / 200)
    transitions, ret = play(env, q, eps)
    memory.extend(transitions)
    for _ in range(10):
        s, a, r, s2, d = zip(*random.sample(memory, min(64, len(memory))))
        s, s2, a, r, d = torch.stack(s), torch.stack(s2), torch.tensor(a), torch.tensor(r), torch.tensor(d)
        with torch.no_grad():
            goal_value = r + gamma * (1 - d) * target(s2).max(1).values
        value = q(s).gather(1, a[:, None]).squeeze(1)
        loss = nn.functional.smooth_l1_loss(value, goal_value)
        opt.zero_grad()
        loss.backward()
        opt.step()
        updates += 1
        if updates % 50 == 0:
            target.load_state_dict(q.state_dict())
    if episode % 50 == 49:
        print(f"episode {episode + 1} return {ret:.0f} loss {loss.item():.4f}")

score = sum(play(env, q, 0.0)[1] for _ in range(100)) / 100
print(f"mean return of the greedy policy: {score:.2f}")
