"""Double DQN with a target network on a batch of grid worlds with a moving goal."""
import copy
import sys
from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
MOVES = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])


@dataclass
class DQNConfig:
    size: int = 6
    envs: int = 32
    steps: int = 900
    buffer: int = 10000
    batch: int = 128
    gamma: float = 0.9
    lr: float = 1e-3
    sync: int = 50
    horizon: int = 20
    seed: int = 0


class GridWorld:
    def __init__(self, n, size):
        self.n, self.size = n, size
        self.pos, self.goal = self.spawn(n), self.spawn(n)

    def spawn(self, n):
        return torch.randint(self.size, (n, 2))

    def observe(self):
        eye = torch.eye(self.size)
        return torch.cat([eye[self.pos].flatten(1), eye[self.goal].flatten(1)], 1)

    def step(self, action):
        self.pos = (self.pos + MOVES[action]).clamp(0, self.size - 1)
        done = (self.pos == self.goal).all(1)
        reward = done.float() - 0.02
        nxt = self.observe()
        k = int(done.sum())
        if k:
            self.pos[done], self.goal[done] = self.spawn(k), self.spawn(k)
        return nxt, reward, done.float()


class QNet(nn.Module):
    def __init__(self, obs, width=96):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(obs, width), nn.Linear(width, width)
        self.value, self.adv = nn.Linear(width, 1), nn.Linear(width, 4)

    def forward(self, x):
        h = F.relu(self.fc2(F.relu(self.fc1(x))))
        a = self.adv(h)
        return self.value(h) + a - a.mean(1, keepdim=True)


@torch.no_grad()
def evaluate(policy, cfg):
    env, total = GridWorld(256, cfg.size), 0.0
    for _ in range(cfg.horizon):
        total += env.step(policy(env.observe()))[1].mean().item()
    return total


def main():
    cfg = DQNConfig(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    torch.manual_seed(cfg.seed)
    env = GridWorld(cfg.envs, cfg.size)
    q = QNet(4 * cfg.size)
    target = copy.deepcopy(q).requires_grad_(False)
    opt = torch.optim.Adam(q.parameters(), lr=cfg.lr)
    memory = None
    for step in range(cfg.steps):
        obs = env.observe()
        eps = max(0.1, 1 - step / 400)
        with torch.no_grad():
            act = torch.where(torch.rand(cfg.envs) < eps, torch.randint(4, (cfg.envs,)), q(obs).argmax(1))
        nxt, rew, done = env.step(act)
        item = [obs, act, rew, nxt, done]
        memory = item if memory is None else [torch.cat([m, i])[-cfg.buffer:] for m, i in zip(memory, item)]
        if len(memory[0]) < 500:
            continue
        o, a, r, n, d = (m[idx] for idx in [torch.randint(len(memory[0]), (cfg.batch,))] for m in memory)
        with torch.no_grad():
            best = q(n).argmax(1, keepdim=True)
            y = r + cfg.gamma * (1 - d) * target(n).gather(1, best).squeeze(1)
        loss = F.smooth_l1_loss(q(o).gather(1, a[:, None]).squeeze(1), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % cfg.sync == 0:
            target.load_state_dict(q.state_dict())
        if step % 150 == 0:
            print(f"step {step} loss {loss.item():.5f} return {evaluate(lambda s: q(s).argmax(1), cfg):.3f}")
    score = evaluate(lambda s: q(s).argmax(1), cfg)
    rand = evaluate(lambda s: torch.randint(4, (len(s),)), cfg)
    print(f"final return {score:.4f} (random policy {rand:.4f})")


if __name__ == "__main__":
    main()
