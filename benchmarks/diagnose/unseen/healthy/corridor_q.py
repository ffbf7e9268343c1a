"""Q-learning on a windy grid with a lagged target net and a bounded value head."""
import numpy as np
import torch
torch.set_num_threads(1)
import torch.nn as nn

SIZE, GOAL, GAMMA, BOUND = 5, (4, 4), 0.9, 1.6
MOVES = np.array([(0, 1), (0, -1), (1, 0), (-1, 0)])
PITS = {(1, 2), (3, 1)}
rng = np.random.default_rng(3)


def advance(pos, a):
    if rng.random() < 0.1:
        a = rng.integers(4)
    nxt = tuple(np.clip(np.array(pos) + MOVES[a], 0, SIZE - 1))
    if nxt == GOAL:
        return nxt, 5.0, True
    if nxt in PITS:
        return nxt, -3.0, True
    return nxt, 0.0, False


def onehot(pos):
    v = np.zeros(2 * SIZE, dtype=np.float32)
    v[pos[0]] = v[SIZE + pos[1]] = 1
    return v


class QNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2 * SIZE, 64)
        self.b = nn.Linear(64, 64)
        self.v = nn.Linear(64, 4)

    def forward(self, s):
        h = nn.functional.silu(self.a(s))
        h = nn.functional.silu(self.b(h))
        return BOUND * torch.tanh(self.v(h))


def huber(e, k=0.5):
    return torch.where(e.abs() < k, 0.5 * e * e, k * (e.abs() - 0.5 * k)).mean()


def rollout(policy, n=100):
    total = 0.0
    for _ in range(n):
        pos, done, t = (0, 0), False, 0
        while not done and t < 40:
            pos, r, done = advance(pos, policy(pos))
            t += 1
            total += GAMMA ** (t - 1) * np.clip(r, -1, 1)
    return total / n


torch.manual_seed(3)
online, target = QNet(), QNet()
target.load_state_dict(online.state_dict())
for p in target.parameters():
    p.requires_grad_(False)
opt = torch.optim.Adam(online.parameters(), lr=1e-3)
memory, pos, t = [], (0, 0), 0
for step in range(6000):
    eps = max(0.2, 1 - step / 6000)
    if rng.random() < eps:
        a = int(rng.integers(4))
    else:
        with torch.no_grad():
            a = online(torch.from_numpy(onehot(pos))).argmax().item()
    nxt, r, done = advance(pos, a)
    memory.append((onehot(pos), a, np.clip(r, -1, 1), onehot(nxt), float(done)))
    t += 1
    if done or t > 40:
        free = [(i, j) for i in range(SIZE) for j in range(SIZE) if (i, j) not in PITS | {GOAL}]
        pos, t = free[rng.integers(len(free))], 0
    else:
        pos = nxt
    if step >= 200 and step % 3 == 0:
        rows = [memory[k] for k in rng.integers(0, len(memory), 64)]
        s, act, rew, s2, end = (torch.tensor(np.array(c), dtype=torch.float32) for c in zip(*rows))
        with torch.no_grad():
            goal = rew + GAMMA * (1 - end) * target(s2).max(1).values
        q = online(s).gather(1, act.long()[:, None]).squeeze(1)
        loss = huber(q - goal)
        opt.zero_grad()
        loss.backward()
        opt.step()
        with torch.no_grad():
            for w, v in zip(target.parameters(), online.parameters()):
                w.lerp_(v, 0.04)
    if step % 1000 == 999:
        print("step", step + 1, "loss", round(loss.item(), 5))

with torch.no_grad():
    greedy = lambda p: online(torch.from_numpy(onehot(p))).argmax().item()
    print("random return", round(rollout(lambda p: rng.integers(4)), 3))
    print("final return", round(rollout(greedy), 4))
