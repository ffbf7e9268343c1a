"""Recurrent world model of a damped, driven pendulum. One-step prediction, GRU belief state."""
import math
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED, T, N = 5, 16, 600
np.random.seed(SEED)
torch.manual_seed(SEED)
DT, G, DAMP = 0.05, 9.81, 0.2


def simulate(n, t):
    th = np.random.uniform(-math.pi, math.pi, n)
    om = np.random.uniform(-4, 4, n)
    u = np.random.uniform(-6, 6, n)
    rows = []
    for _ in range(t + 1):
        u = np.clip(u + np.random.randn(n) * 1.5, -8, 8)
        rows.append(np.stack([np.degrees(th), np.degrees(om), u * 100], -1))
        om = om + DT * (-G * np.sin(th) - DAMP * om + u)
        th = (th + DT * om + math.pi) % (2 * math.pi) - math.pi
    return torch.tensor(np.stack(rows, 1), dtype=torch.float32)


class WorldModel(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(3, 64), nn.Tanh(),
            nn.Linear(64, hidden), nn.Tanh(),
        )
        self.rnn = nn.GRU(hidden, hidden, batch_first=True)
        self.norm = nn.LayerNorm(hidden)
        self.decoder = nn.Sequential(nn.Linear(hidden, 64), nn.GELU(), nn.Linear(64, 3))

    def forward(self, obs):
        z = self.encoder(obs)
        h, _ = self.rnn(z)
        return self.decoder(self.norm(h + z))


def targets(seq):
    th = torch.deg2rad(seq[:, 1:, 0])
    return torch.stack([th.sin(), th.cos(), torch.deg2rad(seq[:, 1:, 1]) / 5], -1)


train, test = simulate(N, T), simulate(200, T)
scale = train.std(dim=(0, 1))
x_tr, y_tr = train[:, :-1], targets(train)
x_te, y_te = test[:, :-1], targets(test)
print("obs std", scale.tolist(), "target std", y_tr.std(dim=(0, 1)).tolist())

wm = WorldModel()
opt = torch.optim.AdamW(wm.parameters(), lr=2e-3, weight_decay=1e-3)
steps = 400
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
for it in range(steps):
    idx = torch.randint(0, N, (64,))
    loss = F.mse_loss(wm(x_tr[idx]), y_tr[idx])
    opt.zero_grad()
    loss.backward()
    gn = nn.utils.clip_grad_norm_(wm.parameters(), 1.0)
    opt.step()
    sched.step()
    if it % 50 == 0:
        print(f"it {it:4d} loss {loss.item():.5f} gnorm {gn:.3f}")

wm.eval()
with torch.no_grad():
    err = (wm(x_te) - y_te).pow(2).mean(dim=(0, 1))
print("test mse per dim", [round(v, 5) for v in err.tolist()], "mean", round(err.mean().item(), 5))
