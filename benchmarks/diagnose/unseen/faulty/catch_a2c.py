"""Advantage actor-critic on a vectorised 'Catch' game (ball falls, paddle moves left/stay/right)."""
import os

import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)

ROWS, COLS, ENVS = 7, 7, 32
GAMMA, ENT_COEF, UPDATES = 0.97, 0.01, 500


class CatchVec:
    def __init__(self, n):
        self.n = n
        self.reset()

    def reset(self):
        self.row = 0
        self.ball = torch.randint(0, COLS, (self.n,))
        self.paddle = torch.randint(0, COLS, (self.n,))
        return self.obs()

    def obs(self):
        grid = torch.zeros(self.n, ROWS, COLS)
        ar = torch.arange(self.n)
        grid[ar, self.row, self.ball] = 1.0
        grid[ar, ROWS - 1, self.paddle] += 1.0
        return grid.flatten(1)

    def step(self, action):
        self.paddle = (self.paddle + action - 1).clamp(0, COLS - 1)
        self.row += 1
        done = self.row == ROWS - 1
        reward = torch.zeros(self.n)
        if done:
            reward = (self.paddle == self.ball).float() * 2 - 1
        return self.obs(), reward, done


def mlp(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, n_out))


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor = mlp(ROWS * COLS, 3)
        self.critic = mlp(ROWS * COLS, 1)

    @torch.no_grad()
    def act(self, obs):
        dist = Categorical(logits=self.actor(obs))
        action = dist.sample()
        return action, dist.log_prob(action), dist.entropy()

    def value(self, obs):
        return self.critic(obs).squeeze(-1)


def rollout(env, agent):
    obs, done = env.reset(), False
    log_probs, entropies, values, rewards = [], [], [], []
    while not done:
        action, logp, ent = agent.act(obs)
        log_probs.append(logp)
        entropies.append(ent)
        values.append(agent.value(obs))
        obs, reward, done = env.step(action)
        rewards.append(reward)
    ret, returns = torch.zeros(env.n), []
    for r in reversed(rewards):
        ret = r + GAMMA * ret
        returns.insert(0, ret)
    return map(torch.stack, (log_probs, entropies, values, returns, rewards))


env, agent = CatchVec(ENVS), Agent()
optimizer = torch.optim.Adam(agent.parameters(), lr=2e-3)
for update in range(1, UPDATES + 1):
    log_probs, entropies, values, returns, rewards = rollout(env, agent)
    adv = returns - values.detach()
    adv = (adv - adv.mean()) / (adv.std() + 1e-6)
    policy_loss = -(log_probs * adv).mean()
    value_loss = (returns - values).pow(2).mean()
    loss = policy_loss + 0.5 * value_loss - ENT_COEF * entropies.mean()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
    optimizer.step()
    if update % 50 == 0:
        print(f"update {update}  return {rewards.sum(0).mean():+.3f}  value loss {value_loss.item():.3f}")

with torch.no_grad():
    final = torch.stack([list(rollout(env, agent))[4].sum(0).mean() for _ in range(30)])
print(f"mean return over 30 evaluation batches: {final.mean().item():+.3f}")
