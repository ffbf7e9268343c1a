"""Continuous-time RNN (Euler integration) on a delayed cue task from
computational neuroscience: name the cue after a noisy delay."""
import os
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))


@dataclass
class TaskConfig:
    n_cues: int = 4
    cue_steps: int = 5
    delay: int = 90
    noise: float = 0.1


@dataclass
class ModelConfig:
    hidden: int = 48
    dt: float = 10.0     # ms
    tau: float = 25.0    # ms


@dataclass
class TrainConfig:
    steps: int = 300
    batch: int = 64
    lr: float = 2e-3


class CTRNN(nn.Module):
    """tau dh/dt = -h + tanh(W h + U x + b)"""

    def __init__(self, n_in, n_out, cfg):
        super().__init__()
        self.alpha = cfg.dt / cfg.tau
        self.inp = nn.Linear(n_in, cfg.hidden)
        self.rec = nn.Linear(cfg.hidden, cfg.hidden, bias=False)
        self.out = nn.Linear(cfg.hidden, n_out)
        self.hidden = cfg.hidden

    def forward(self, x):
        h = x.new_zeros(x.shape[1], self.hidden)
        drive = self.inp(x)
        for u in drive:
            h = h + self.alpha * (-h + torch.tanh(self.rec(h) + u))
        return self.out(h)


class DelayedCue:
    def __init__(self, cfg):
        self.cfg = cfg

    def sample(self, n):
        c = self.cfg
        y = torch.randint(c.n_cues, (n,))
        x = c.noise * torch.randn(c.cue_steps + c.delay, n, c.n_cues)
        x[:c.cue_steps] += F.one_hot(y, c.n_cues).float() * 2.0
        return x, y


def train(model, task, cfg):
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    running = None
    for step in range(cfg.steps):
        x, y = task.sample(cfg.batch)
        loss = F.cross_entropy(model(x), y)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        running = loss.item() if running is None else 0.95 * running + 0.05 * loss.item()
        if step % 100 == 0:
            print(f"step {step}: loss {running:.3f}")


def main():
    task = DelayedCue(TaskConfig())
    model = CTRNN(task.cfg.n_cues, task.cfg.n_cues, ModelConfig())
    train(model, task, TrainConfig())
    with torch.no_grad():
        x, y = task.sample(1000)
        acc = (model(x).argmax(1) == y).float().mean().item()
    print(f"accuracy after delay {acc:.4f} (chance {1 / task.cfg.n_cues:.2f})")


if __name__ == "__main__":
    main()
