"""Sum of a bag of handwritten digits with DeepSets (Zaheer et al. 2017), toy size."""
from dataclasses import dataclass
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


@dataclass
class Config:
    seed: int = 3
    hidden: int = 96
    latent: int = 64
    phi_bias: float = -2.5
    lr: float = 1.5e-3
    steps: int = 700
    batch: int = 64
    max_len: int = 6


cfg = Config()
torch.manual_seed(cfg.seed)
rng = np.random.default_rng(cfg.seed)

X, y = load_digits(return_X_y=True)
X = torch.tensor(X / 16.0, dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32)
perm = torch.randperm(len(X))
train_idx, test_idx = perm[:1400], perm[1400:]


class DeepSets(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.phi = nn.Sequential(
            nn.Linear(64, c.hidden), nn.ReLU(),
            nn.Linear(c.hidden, c.latent), nn.ReLU(),
        )
        self.rho = nn.Sequential(
            nn.Linear(c.latent, 64), nn.SiLU(),
            nn.Linear(64, 1),
        )
        for m in self.phi:
            if isinstance(m, nn.Linear):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.constant_(m.bias, c.phi_bias)

    def forward(self, x, mask):
        h = self.phi(x) * mask.unsqueeze(-1)
        return self.rho(h.sum(1)).squeeze(-1)


def sample_bags(pool, n):
    idx = pool[torch.from_numpy(rng.integers(0, len(pool), (n, cfg.max_len)))]
    lens = torch.from_numpy(rng.integers(2, cfg.max_len + 1, n))
    mask = (torch.arange(cfg.max_len)[None] < lens[:, None]).float()
    return X[idx], mask, (y[idx] * mask).sum(1) / 10.0


model = DeepSets(cfg)
opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=1e-4)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, 2 * cfg.lr, total_steps=cfg.steps)

running = None
for step in range(cfg.steps):
    bx, bm, by = sample_bags(train_idx, cfg.batch)
    loss = F.mse_loss(model(bx, bm), by)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    opt.step()
    sched.step()
    running = loss.item() if running is None else 0.95 * running + 0.05 * loss.item()
    if step % 100 == 0:
        print(f"step {step:4d}  loss {running:.4f}  lr {sched.get_last_lr()[0]:.2e}")

model.eval()
with torch.no_grad():
    bx, bm, by = sample_bags(test_idx, 2000)
    pred = model(bx, bm)
    mae = (pred - by).abs().mean() * 10
    print(f"test mse {F.mse_loss(pred, by):.4f}  MAE in digits {mae:.3f}")
