"""Mixture density network for a multi-valued inverse problem."""
import math

import torch
torch.set_num_threads(1)
import torch.nn as nn

torch.manual_seed(77)
N, K = 5000, 5
t = torch.rand(N, 1) * 2 - 1
x_all = t + 0.3 * torch.sin(2 * math.pi * t) + 0.03 * torch.randn(N, 1)
x_all = x_all / x_all.std()
y_all = t / t.std()
x_train, y_train, x_val, y_val = x_all[:4000], y_all[:4000], x_all[4000:], y_all[4000:]


class MDN(nn.Module):
    def __init__(self, hidden=48, k=K):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(1, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh())
        self.logit = nn.Linear(hidden, k)
        self.mean = nn.Linear(hidden, k)
        self.log_std = nn.Linear(hidden, k)

    def forward(self, x):
        h = self.trunk(x)
        return self.logit(h).log_softmax(-1), self.mean(h), self.log_std(h).clamp(-6, 3)


def nll(model, x, y):
    log_pi, mu, log_sigma = model(x)
    z = (y - mu) * torch.exp(-log_sigma)
    log_prob = -0.5 * z ** 2 - log_sigma - 0.5 * math.log(2 * math.pi)
    return -torch.logsumexp(log_pi + log_prob, dim=-1).mean()


mdn = MDN()
optimizer = torch.optim.Adam(mdn.parameters(), lr=4e-3)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.85)
for epoch in range(10):
    for idx in torch.randperm(len(x_train)).split(80):
        loss = nll(mdn, x_train[idx], y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(mdn.parameters(), 5.0)
        optimizer.step()
    scheduler.step()
    with torch.no_grad():
        print(f"epoch {epoch} val nll {nll(mdn, x_val, y_val).item():.4f}")

with torch.no_grad():
    centre, scale = y_train.mean(), y_train.std()
    gauss = (0.5 * ((y_val - centre) / scale) ** 2 + scale.log() + 0.5 * math.log(2 * math.pi)).mean()
    final = nll(mdn, x_val, y_val)
print(f"single gaussian nll {gauss.item():.4f}")
print(f"final nll {final.item():.4f}")
