import copy
from collections import deque
import random
import torch
import torch.nn as nn

torch.set_num_threads(1)
random.seed(0)
torch.manual_seed(0)
W, H, GOAL = 7, 5, (6, 2)
WIND = [0, 0, 1, 1, 0, 1, 0]
MOVES = [(1, 0), (-1, 0), (0, 1), (0, -1)]


def env_step(s, a):
    x, y = s
    dx, dy = MOVES[a]
    wind = WIND[x] if random.random() < 0.7 else 0
    x, y = min(max(x + dx, 0), W - 1), min(max(y + dy + wind, 0), H - 1)
    done = (x, y) == GOAL
    return (x, y), (1.0 if done else -0.02), done


def encode(states):
    t = torch.tensor(states, dtype=torch.long)
    return nn.functional.one_hot(t[:, 0] * H + t[:, 1], W * H).float()


class DuelingQ(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Linear(W * H, 64)
        self.value = nn.Linear(64, 1)
        self.adv = nn.Linear(64, 4)

    def forward(self, x):
        h = torch.clamp(self.trunk(x), min=0.0)
        a = self.adv(h)
        return self.value(h) + a - a.mean(1, keepdim=True)


online = DuelingQ()
target = copy.deepcopy(online)
for p in target.parameters():
    p.requires_grad_(False)
opt = torch.optim.Adam(online.parameters(), lr=2e-3)
buf = deque(maxlen=5000)
GAMMA, steps = 0.96, 0


def act(s, eps):
    if random.random() < eps:
        return random.randrange(4)
    with torch.no_grad():
        return int(online(encode([s])).argmax())


def learn():
    batch = random.sample(buf, 64)
    s, a, r, s2, d = zip(*batch)
    q = online(encode(s)).gather(1, torch.tensor(a)[:, None]).squeeze(1)
    nxt = online(encode(s2)).argmax(1, keepdim=True)
    boot = target(encode(s2)).gather(1, nxt).squeeze(1)
    y = torch.tensor(r) + GAMMA * (1 - torch.tensor(d, dtype=torch.float32)) * boot
    loss = nn.functional.smooth_l1_loss(q, y.detach())
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(online.parameters(), 0.5)
    opt.step()
    return loss.item()


def episode(eps, train=True):
    global steps
    s, total, loss = (0, random.randrange(H)), 0.0, 0.0
    for _ in range(40):
        a = act(s, eps)
        s2, r, d = env_step(s, a)
        total += r
        if train:
            buf.append((s, a, r, s2, float(d)))
            steps += 1
            if len(buf) > 200:
                loss = learn()
            if steps % 100 == 0:
                target.load_state_dict(online.state_dict())
        s = s2
        if d:
            break
    return total, loss


rand = sum(episode(1.0, False)[0] for _ in range(200)) / 200
for ep in range(260):
    ret, loss = episode(max(0.05, 1 - ep / 120))
    if ep % 40 == 0:
        print(f"episode {ep} return {ret:.2f} td_loss {loss:.5f}")
score = sum(episode(0.0, False)[0] for _ in range(200)) / 200
print(f"random policy return {rand:.3f}")
print(f"final_metric return {score:.4f}")
