"""DQN on a 7x7 maze, -1 per move until the exit is found.  Port of our Atari agent to a toy problem."""
import random
from collections import deque
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

MAZE = ["S...#..",
        ".##.#.#",
        ".#.....",
        "...##.#",
        ".#.#...",
        ".#...#.",
        "...#..E"]
MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]


@dataclass
class Config:
    gamma: float = 0.95
    batch: int = 64
    buffer: int = 5000
    warmup: int = 300
    steps: int = 2000
    target_every: int = 100
    lr: float = 1e-3
    hidden: int = 64
    limit: int = 40


class Maze:
    def __init__(self):
        self.free = [(r, c) for r in range(7) for c in range(7) if MAZE[r][c] != "#" and MAZE[r][c] != "E"]

    def reset(self, start=None):
        self.p = start or random.choice(self.free)
        return self.p

    def step(self, a):
        r, c = self.p[0] + MOVES[a][0], self.p[1] + MOVES[a][1]
        if 0 <= r < 7 and 0 <= c < 7 and MAZE[r][c] != "#":
            self.p = (r, c)
        return self.p, -1.0, MAZE[self.p[0]][self.p[1]] == "E"


def encode(ps):
    x = torch.zeros(len(ps), 14)
    for i, (r, c) in enumerate(ps):
        x[i, r] = 1
        x[i, 7 + c] = 1
    return x


class QNet(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.fc1 = nn.Linear(14, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.q = nn.Linear(hidden, 4)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return F.tanh(self.q(x))


class Agent:
    def __init__(self, cfg):
        self.cfg = cfg
        self.net, self.target = QNet(cfg.hidden), QNet(cfg.hidden)
        self.target.load_state_dict(self.net.state_dict())
        self.opt = torch.optim.Adam(self.net.parameters(), lr=cfg.lr)
        self.mem = deque(maxlen=cfg.buffer)

    @torch.no_grad()
    def act(self, p, eps):
        if random.random() < eps:
            return random.randrange(4)
        return self.net(encode([p])).argmax().item()

    def learn(self):
        s, a, r, s2, done = zip(*random.sample(self.mem, self.cfg.batch))
        a, r, done = torch.tensor(a), torch.tensor(r), torch.tensor(done).float()
        q = self.net(encode(s)).gather(1, a[:, None]).squeeze(1)
        with torch.no_grad():
            y = r + self.cfg.gamma * (1 - done) * self.target(encode(s2)).max(1).values
        loss = F.smooth_l1_loss(q, y)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        return loss.item()


def evaluate(agent, cfg):
    env, lengths = Maze(), []
    for start in env.free:
        p, n = env.reset(start), 0
        while n < cfg.limit:
            p, _, done = env.step(agent.act(p, 0.0))
            n += 1
            if done:
                break
        lengths.append(n)
    return sum(lengths) / len(lengths), sum(n < cfg.limit for n in lengths) / len(lengths)


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    random.seed(0)
    cfg = Config()
    env, agent = Maze(), Agent(cfg)
    p, t, loss = env.reset(), 0, None
    for step in range(cfg.steps):
        eps = max(0.15, 1 - step / 1200)
        a = agent.act(p, eps)
        p2, r, done = env.step(a)
        agent.mem.append((p, a, r, p2, done))
        t += 1
        p = p2
        if done or t >= cfg.limit:
            p, t = env.reset(), 0
        if step >= cfg.warmup:
            loss = agent.learn()
            if step % cfg.target_every == 0:
                agent.target.load_state_dict(agent.net.state_dict())
        if loss is not None and step % 300 == 0:
            print(f"step {step:5d}  eps {eps:.2f}  td loss {loss:.4f}")
    steps, solved = evaluate(agent, cfg)
    print(f"greedy policy: mean steps to exit {steps:.2f}, solved from {solved:.1%} of the cells")


if __name__ == "__main__":
    main()
