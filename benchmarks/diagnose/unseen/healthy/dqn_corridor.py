"""DQN with a target network on a small wind-swept grid."""
import random
from collections import deque

import torch
import torch.nn as nn

torch.set_num_threads(1)


class Grid:
    """Walk from a random free cell to the goal; walls block; -0.02 per step, +1 at the goal, -1 in the pit."""
    SIZE, GOAL, PITS, WALLS = 6, (5, 5), {(2, 3), (4, 1)}, {(1, 1), (1, 2), (3, 3), (3, 4), (4, 4)}
    MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]

    def __init__(self, rng):
        self.rng = rng

    def reset(self):
        while True:
            self.pos = (self.rng.randrange(self.SIZE), self.rng.randrange(self.SIZE))
            if self.pos != self.GOAL and self.pos not in self.PITS | self.WALLS:
                break
        self.t = 0
        return self.obs()

    def obs(self):
        o = torch.zeros(2 * self.SIZE)
        o[self.pos[0]] = 1
        o[self.SIZE + self.pos[1]] = 1
        return o

    def step(self, a):
        if self.rng.random() < 0.05:
            a = self.rng.randrange(4)
        r, c = self.pos[0] + self.MOVES[a][0], self.pos[1] + self.MOVES[a][1]
        if 0 <= r < self.SIZE and 0 <= c < self.SIZE and (r, c) not in self.WALLS:
            self.pos = (r, c)
        self.t += 1
        if self.pos == self.GOAL:
            return self.obs(), 1.0, True
        if self.pos in self.PITS:
            return self.obs(), -1.0, True
        return self.obs(), -0.02, self.t >= 30


def q_network():
    net = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))
    for m in net[:4:2]:
        nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
        nn.init.constant_(m.bias, 0.1)
    nn.init.orthogonal_(net[4].weight, 0.1)
    nn.init.zeros_(net[4].bias)
    return net


def evaluate(policy, rng, episodes=60):
    env, total = Grid(rng), 0.0
    for _ in range(episodes):
        s, done = env.reset(), False
        while not done:
            s, r, done = env.step(policy(s))
            total += r
    return total / episodes


def main(frames=6000, gamma=0.97, batch=64, tau=0.02):
    torch.manual_seed(0)
    rng = random.Random(0)
    env, memory = Grid(rng), deque(maxlen=5000)
    q, target = q_network(), q_network()
    target.load_state_dict(q.state_dict())
    opt = torch.optim.Adam(q.parameters(), lr=7e-4)
    base = evaluate(lambda s: rng.randrange(4), random.Random(5), 200)
    print(f"random policy return {base:.3f}")
    s = env.reset()
    for frame in range(1, frames + 1):
        eps = max(0.05, 1 - frame / 2500)
        with torch.no_grad():
            a = rng.randrange(4) if rng.random() < eps else q(s).argmax().item()
        s2, r, done = env.step(a)
        memory.append((s, a, r, s2, float(done and env.t < 30)))
        s = env.reset() if done else s2
        if len(memory) >= 500 and frame % 2 == 0:
            b = rng.sample(memory, batch)
            bs, bs2 = torch.stack([m[0] for m in b]), torch.stack([m[3] for m in b])
            ba = torch.tensor([m[1] for m in b])
            br, bd = torch.tensor([m[2] for m in b]), torch.tensor([m[4] for m in b])
            y = br + gamma * (1 - bd) * target(bs2).max(1).values.detach()
            loss = nn.functional.smooth_l1_loss(q(bs).gather(1, ba[:, None]).squeeze(1), y)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(q.parameters(), 5.0)
            opt.step()
            with torch.no_grad():
                for tp, p in zip(target.parameters(), q.parameters()):
                    tp.lerp_(p, tau)
        if frame % 1000 == 0:
            with torch.no_grad():
                ret = evaluate(lambda o: q(o).argmax().item(), random.Random(5))
            print(f"frame {frame} loss {loss.item():.4f} greedy return {ret:.3f}")


if __name__ == "__main__":
    main()
