"""Monte-Carlo policy evaluation for a damped pendulum controller: fit V(s) to discounted returns."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

GAMMA = 0.97
HORIZON = 150


def rollout(n_envs, rng):
    theta = rng.uniform(-np.pi, np.pi, n_envs)
    omega = rng.uniform(-2, 2, n_envs)
    states, rewards = [], []
    for _ in range(HORIZON):
        u = np.clip(-2.0 * np.sin(theta) - 0.7 * omega, -1.0, 1.0)
        states.append(np.stack([np.cos(theta), np.sin(theta), omega / 3.0], 1))
        rewards.append(-(1 - np.cos(theta)) - 0.1 * omega ** 2 - 0.02 * u ** 2)
        acc = 3.0 * np.sin(theta) + 3.0 * u - 0.1 * omega
        omega = np.clip(omega + 0.05 * acc, -6, 6)
        theta = theta + 0.05 * omega
    rewards = np.stack(rewards)
    returns = np.zeros_like(rewards)
    acc = np.zeros(n_envs)
    for t in reversed(range(HORIZON)):
        acc = rewards[t] + GAMMA * acc
        returns[t] = acc
    keep = HORIZON - 90
    s = np.concatenate(states[:keep]).astype(np.float32)
    return torch.from_numpy(s), torch.from_numpy(returns[:keep].reshape(-1).astype(np.float32))


class Critic(nn.Module):
    def __init__(self, obs_dim=3, hidden=64):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(obs_dim, hidden),
            nn.Tanh(),
            nn.Linear(hidden, hidden),
            nn.Tanh(),
        )
        self.value = nn.Sequential(nn.Linear(hidden, 1), nn.Tanh())

    def forward(self, obs):
        return self.value(self.body(obs)).squeeze(-1)


def main():
    torch.manual_seed(4)
    rng = np.random.default_rng(4)
    s, g = rollout(200, rng)
    print(f"{len(s)} states, return range [{g.min():.1f}, {g.max():.1f}]")
    train_set, val_set = random_split(TensorDataset(s, g), [len(s) - 2000, 2000])
    train_loader = DataLoader(train_set, batch_size=128, shuffle=True)
    val_s, val_g = s[val_set.indices], g[val_set.indices]

    critic = Critic()
    optim = torch.optim.Adam(critic.parameters(), lr=3e-3)
    sched = torch.optim.lr_scheduler.StepLR(optim, step_size=6, gamma=0.3)
    for epoch in range(15):
        losses = []
        for obs, ret in train_loader:
            v = critic(obs)
            loss = nn.functional.mse_loss(v, ret)
            optim.zero_grad()
            loss.backward()
            optim.step()
            losses.append(loss.item())
        sched.step()
        with torch.no_grad():
            err = val_g - critic(val_s)
            ev = 1 - err.var() / val_g.var()
        if epoch % 3 == 2:
            print(f"epoch {epoch + 1:2d}  train {np.mean(losses):8.3f}  "
                  f"val mse {err.pow(2).mean():8.3f}  explained var {ev:.3f}")
    print(f"final val mse {err.pow(2).mean():.4f}")


if __name__ == "__main__":
    main()
