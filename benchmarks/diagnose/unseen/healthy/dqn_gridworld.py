"""DQN with a target network and double-Q on a vectorised 6x6 grid with a moving goal."""
import copy
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(7)
rng = np.random.default_rng(7)
S, ENVS, GAMMA, HORIZON = 6, 32, 0.95, 20
MOVES = np.array([[0, 1], [0, -1], [1, 0], [-1, 0]])


class Grid:
    def __init__(self, n):
        self.n = n
        self.pos = rng.integers(0, S, (n, 2))
        self.goal = rng.integers(0, S, (n, 2))
        self.t = np.zeros(n, int)

    def obs(self):
        eye = np.eye(S, dtype=np.float32)
        return np.concatenate([eye[self.pos[:, 0]], eye[self.pos[:, 1]], eye[self.goal[:, 0]], eye[self.goal[:, 1]]], 1)

    def step(self, a):
        self.pos = np.clip(self.pos + MOVES[a], 0, S - 1)
        self.t += 1
        hit = (self.pos == self.goal).all(1)
        r = np.where(hit, 1.0, -0.02).astype(np.float32)
        nxt = self.obs()
        over = hit | (self.t >= HORIZON)
        k = int(over.sum())
        self.pos[over] = rng.integers(0, S, (k, 2))
        self.goal[over] = rng.integers(0, S, (k, 2))
        self.t[over] = 0
        return nxt, r, hit.astype(np.float32), over


q = nn.Sequential(nn.Linear(4 * S, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 4))
target = copy.deepcopy(q).requires_grad_(False)
opt = torch.optim.Adam(q.parameters(), lr=1e-3)
CAP = 20000
buf = [np.zeros((CAP, 4 * S), np.float32), np.zeros(CAP, int), np.zeros(CAP, np.float32),
       np.zeros((CAP, 4 * S), np.float32), np.zeros(CAP, np.float32)]
size = ptr = 0
env = Grid(ENVS)
for it in range(1200):
    eps = max(0.1, 1.0 - it / 500)
    o = env.obs()
    with torch.no_grad():
        a = q(torch.from_numpy(o)).argmax(1).numpy()
    a = np.where(rng.random(ENVS) < eps, rng.integers(0, 4, ENVS), a)
    o2, r, done, _ = env.step(a)
    ii = (ptr + np.arange(ENVS)) % CAP
    for store, v in zip(buf, (o, a, r, o2, done)):
        store[ii] = v
    ptr, size = (ptr + ENVS) % CAP, min(CAP, size + ENVS)
    if it < 30:
        continue
    j = rng.integers(0, size, 128)
    bo, ba, br, bo2, bd = (torch.from_numpy(s[j]) for s in buf)
    with torch.no_grad():
        a2 = q(bo2).argmax(1, keepdim=True)
        tgt = br + GAMMA * (1 - bd) * target(bo2).gather(1, a2).squeeze(1)
    loss = F.smooth_l1_loss(q(bo).gather(1, ba[:, None]).squeeze(1), tgt)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(q.parameters(), 0.5)
    opt.step()
    if it % 50 == 0:
        target.load_state_dict(q.state_dict())
    if it % 200 == 0:
        print(f"iter {it} eps {eps:.2f} td loss {loss.item():.5f} mean reward {r.mean():.4f}")


def evaluate(policy, steps=100):
    e, hits, eps_ = Grid(200), 0, 0
    for _ in range(steps):
        _, _, d, over = e.step(policy(e.obs()))
        hits += d.sum()
        eps_ += over.sum()
    return hits / eps_


with torch.no_grad():
    greedy = evaluate(lambda o: q(torch.from_numpy(o)).argmax(1).numpy())
print(f"success rate greedy {greedy:.3f}, random {evaluate(lambda o: rng.integers(0, 4, len(o))):.3f}")
