import copy
import random
import torch
torch.set_num_threads(1)
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(11)
random.seed(11)

ROWS, COLS, N_ENV = 8, 5, 32


class CatchBatch:
    """Many games of Catch side by side. The ball drifts down, the paddle moves left/stay/right."""

    def __init__(self, n):
        self.n = n
        self.row = torch.zeros(n, dtype=torch.long)
        self.col = torch.randint(COLS, (n,))
        self.pad = torch.randint(COLS, (n,))

    def observe(self):
        board = torch.zeros(self.n, ROWS, COLS)
        idx = torch.arange(self.n)
        board[idx, self.row, self.col] = 1.0
        board[idx, ROWS - 1, self.pad] += 1.0
        return board.flatten(1)

    def step(self, action):
        self.pad = (self.pad + action - 1).clamp(0, COLS - 1)
        wind = torch.rand(self.n)
        self.col = (self.col + (wind > 0.9).long() - (wind < 0.1).long()).clamp(0, COLS - 1)
        self.row = self.row + 1
        done = self.row == ROWS - 1
        dist = (self.col - self.pad).abs().float()
        reward = torch.where(done, 5.0 - 5.0 * dist, torch.zeros(self.n))
        if done.any():
            k = int(done.sum())
            self.row[done] = 0
            self.col[done] = torch.randint(COLS, (k,))
            self.pad[done] = torch.randint(COLS, (k,))
        return self.observe(), reward, done


class DuelingQ(nn.Module):
    def __init__(self, n_in, hidden, n_act):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(n_in, hidden), nn.LayerNorm(hidden), nn.ReLU(),
            nn.Linear(hidden, hidden), nn.LayerNorm(hidden), nn.ReLU(),
        )
        self.value = nn.Linear(hidden, 1)
        self.adv = nn.Linear(hidden, n_act)

    def forward(self, s):
        h = self.body(s)
        a = self.adv(h)
        return self.value(h) + a - a.mean(1, keepdim=True)


online = DuelingQ(ROWS * COLS, 64, 3)
target = copy.deepcopy(online)
for p in target.parameters():
    p.requires_grad_(False)
opt = torch.optim.Adam(online.parameters(), lr=1e-3)

memory = []
env = CatchBatch(N_ENV)
obs = env.observe()
updates = 0
for t in range(700):
    eps = max(0.05, 1.0 - t / 350)
    with torch.no_grad():
        greedy = online(obs).argmax(1)
    explore = torch.rand(N_ENV) < eps
    action = torch.where(explore, torch.randint(3, (N_ENV,)), greedy)
    nxt, reward, done = env.step(action)
    memory.append((obs, action, reward.clamp(-1, 1), nxt, done.float()))
    memory = memory[-300:]
    obs = nxt
    if t < 50:
        continue
    picks = random.choices(memory, k=4)
    s, a, r, s2, d = (torch.cat(x) for x in zip(*picks))
    with torch.no_grad():
        best = online(s2).argmax(1, keepdim=True)
        backup = r + 0.97 * (1 - d) * target(s2).gather(1, best).squeeze(1)
    q = online(s).gather(1, a[:, None]).squeeze(1)
    loss = F.smooth_l1_loss(q, backup)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(online.parameters(), 1.0)
    opt.step()
    updates += 1
    with torch.no_grad():
        for p, tp in zip(online.parameters(), target.parameters()):
            tp.lerp_(p, 0.05)
    if t % 100 == 0:
        print(f"t {t} eps {eps:.2f} loss {loss.item():.4f}")


def catch_rate(policy, games=400):
    test = CatchBatch(games)
    state = test.observe()
    for _ in range(ROWS - 1):
        state, rew, _ = test.step(policy(state))
    return (rew > 0).float().mean().item()


with torch.no_grad():
    print("random policy", catch_rate(lambda s: torch.randint(3, (len(s),))))
    print("final catch_rate", round(catch_rate(lambda s: online(s).argmax(1)), 4))
