"""Linear latent dynamics model (deep linear encoder / transition / decoder) for coupled oscillators."""
import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(0)
rng = np.random.default_rng(0)


def simulate(n_traj, steps=30, dim=12):
    """Three damped oscillators observed through a fixed random 12-channel sensor."""
    mix = np.random.default_rng(77).standard_normal((6, dim)) / np.sqrt(6)
    A = np.zeros((6, 6))
    for i, (w, d) in enumerate([(0.25, 0.995), (0.6, 0.99), (1.1, 0.98)]):
        A[2 * i:2 * i + 2, 2 * i:2 * i + 2] = d * np.array([[np.cos(w), -np.sin(w)], [np.sin(w), np.cos(w)]])
    z = rng.standard_normal((n_traj, 6))
    obs = []
    for _ in range(steps):
        obs.append(z @ mix)
        z = z @ A.T
    obs = np.stack(obs, 1)
    return torch.tensor(obs + 0.01 * rng.standard_normal(obs.shape), dtype=torch.float32)


class LinearKoopman(nn.Module):
    def __init__(self, dim=12, latent=8):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(dim, 24, bias=False), nn.Linear(24, latent, bias=False))
        self.advance = nn.Linear(latent, latent, bias=False)
        self.decode = nn.Sequential(nn.Linear(latent, 24, bias=False), nn.Linear(24, dim, bias=False))
        nn.init.orthogonal_(self.advance.weight)

    def forward(self, x, horizon):
        z = self.encode(x)
        preds = []
        for _ in range(horizon):
            z = self.advance(z)
            preds.append(self.decode(z))
        return torch.stack(preds, 1)


train, test = simulate(400), simulate(100)
model = LinearKoopman()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 1500)
H = 6

for step in range(1500):
    rows = torch.randint(0, 400, (128,))
    start = torch.randint(0, 30 - H, (1,)).item()
    chunk = train[rows, start:start + H + 1]
    loss = ((model(chunk[:, 0], H) - chunk[:, 1:]) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 200 == 0:
        gn = sum(p.grad.pow(2).sum() for p in model.parameters()).sqrt().item()
        print(f"step {step:4d}  loss {loss.item():.6f}  grad norm {gn:.2e}")

with torch.no_grad():
    x, y = test[:, 5], test[:, 6:6 + H]
    mse = ((model(x, H) - y) ** 2).mean().item()
    base = ((x[:, None] - y) ** 2).mean().item()
print(f"persistence mse {base:.5f}")
print(f"final test mse {mse:.6f}")
