"""Double Q-learning in a 6x6 maze with a target copy, replay and clipping."""
import copy
import random
from collections import deque
import torch
import torch.nn as nn

torch.set_num_threads(1)
random.seed(0)
torch.manual_seed(0)
N, GOAL, WALLS = 6, (5, 5), {(1, 1), (2, 1), (3, 3), (4, 3), (1, 4), (2, 4)}
MOVES = [(0, 1), (0, -1), (1, 0), (-1, 0)]


def step(s, a):
    t = (s[0] + MOVES[a][0], s[1] + MOVES[a][1])
    if not (0 <= t[0] < N and 0 <= t[1] < N) or t in WALLS:
        t = s
    return t, (1.0 if t == GOAL else -0.02), t == GOAL


def enc(s):
    v = torch.zeros(2 * N)
    v[s[0]] = 1
    v[N + s[1]] = 1
    return v


def start():
    while True:
        s = (random.randrange(N), random.randrange(N))
        if s != GOAL and s not in WALLS:
            return s


def evaluate(policy, episodes=40):
    tot = 0.0
    for _ in range(episodes):
        s = start()
        for _ in range(30):
            s, r, done = step(s, policy(s))
            tot += r
            if done:
                break
    return tot / episodes


online = nn.Sequential(nn.Linear(2 * N, 64), nn.ELU(), nn.Linear(64, 64), nn.ELU(), nn.Linear(64, 4))
target = copy.deepcopy(online).eval().requires_grad_(False)
opt = torch.optim.Adam(online.parameters(), lr=1e-3)
memory = deque(maxlen=5000)
s, t = start(), 0
for it in range(1, 4001):
    eps = max(0.1, 1 - it / 2000)
    if random.random() < eps:
        a = random.randrange(4)
    else:
        with torch.no_grad():
            a = online(enc(s)).argmax().item()
    s2, r, done = step(s, a)
    memory.append((enc(s), a, r, enc(s2), float(done)))
    t += 1
    s, t = (start(), 0) if done or t > 30 else (s2, t)
    if len(memory) < 200:
        continue
    S, A, R, S2, D = zip(*random.sample(memory, 64))
    S, S2, A, R, D = torch.stack(S), torch.stack(S2), torch.tensor(A), torch.tensor(R), torch.tensor(D)
    with torch.no_grad():
        best = online(S2).argmax(1, keepdim=True)
        y = R + 0.95 * (1 - D) * target(S2).gather(1, best)[:, 0]
    loss = nn.functional.smooth_l1_loss(online(S).gather(1, A[:, None])[:, 0], y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(online.parameters(), 0.05)
    opt.step()
    with torch.no_grad():
        for p, q in zip(target.parameters(), online.parameters()):
            p.lerp_(q, 0.02)
    if it % 500 == 0:
        with torch.no_grad():
            ret = evaluate(lambda z: online(enc(z)).argmax().item())
        print(f"{it} loss {loss.item():.5f} return {ret:.3f}")
print(f"final return {ret:.3f} random {evaluate(lambda z: random.randrange(4)):.3f}")
