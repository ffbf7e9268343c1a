import random
from collections import deque
import torch
import torch.nn as nn

random.seed(0)
torch.manual_seed(0)
SIZE, GOAL = 6, (5, 5)
MOVES = [(0, 1), (0, -1), (1, 0), (-1, 0)]
WALLS = {(1, 1), (1, 2), (2, 3), (3, 3), (4, 1), (4, 4)}


def encode(s):
    v = torch.zeros(SIZE * SIZE)
    v[s[0] * SIZE + s[1]] = 1.0
    return v


def env_step(s, a):
    n = (s[0] + MOVES[a][0], s[1] + MOVES[a][1])
    if not (0 <= n[0] < SIZE and 0 <= n[1] < SIZE) or n in WALLS:
        n = s
    return n, (1.0 if n == GOAL else -0.02), n == GOAL


def make_q():
    return nn.Sequential(nn.Linear(SIZE * SIZE, 64), nn.LayerNorm(64), nn.ReLU(), nn.Linear(64, 4))


q, q_target = make_q(), make_q()
q_target.load_state_dict(q.state_dict())
opt = torch.optim.Adam(q.parameters(), lr=1e-3)
memory, gamma, step = deque(maxlen=4000), 0.95, 0


def greedy_return():
    s, total = (0, 0), 0.0
    for t in range(30):
        with torch.no_grad():
            s, r, done = env_step(s, q(encode(s)).argmax().item())
        total += r
        if done:
            break
    return total


for episode in range(100):
    s = (0, 0) if episode % 2 else random.choice([(i, j) for i in range(SIZE) for j in range(SIZE) if (i, j) not in WALLS and (i, j) != GOAL])
    eps = max(0.1, 1 - episode / 50)
    for t in range(40):
        if random.random() < eps:
            a = random.randrange(4)
        else:
            with torch.no_grad():
                a = q(encode(s)).argmax().item()
        n, r, done = env_step(s, a)
        memory.append((encode(s), a, r, encode(n), float(done)))
        s, step = n, step + 1
        if len(memory) >= 200:
            S, A, R, N, Dn = zip(*random.sample(memory, 64))
            with torch.no_grad():
                y = torch.tensor(R) + gamma * (1 - torch.tensor(Dn)) * q_target(torch.stack(N)).max(1).values
            pred = q(torch.stack(S)).gather(1, torch.tensor(A)[:, None]).squeeze(1)
            loss = nn.functional.smooth_l1_loss(pred, y)
            opt.zero_grad(); loss.backward(); opt.step()
            if step % 100 == 0:
                q_target.load_state_dict(q.state_dict())
        if done:
            break
    if episode % 10 == 9:
        print(f"episode {episode + 1} loss {loss.item():.5f} greedy return {greedy_return():.3f} (best {1 - 9 * 0.02:.3f})")
