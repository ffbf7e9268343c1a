"""Two heads on tabular data: rare churn event (about 3 %) and share of the budget spent (0..1)."""
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.metrics import average_precision_score

SEED = int(os.environ.get("SEED", 0))
torch.set_num_threads(1)
torch.manual_seed(SEED)
rng = np.random.default_rng(SEED)


def make_data(n):
    x = rng.normal(size=(n, 10))
    risk = 1.6 * x[:, 0] * x[:, 1] + 1.4 * np.maximum(x[:, 2], 0) + 0.8 * x[:, 3] - 6.0
    churn = rng.random(n) < 1 / (1 + np.exp(-1.5 * risk - 2.0))
    share = 1 / (1 + np.exp(-(1.2 * x[:, 4] - np.sin(2 * x[:, 0]) + 0.1 * rng.normal(size=n))))
    as_t = lambda a: torch.tensor(a, dtype=torch.float32)
    return as_t(x), as_t(churn), as_t(share)


class ResBlock(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.a, self.b = nn.Linear(d, 2 * d), nn.Linear(2 * d, d)
        nn.init.zeros_(self.b.weight)
        nn.init.zeros_(self.b.bias)

    def forward(self, x):
        return x + self.b(F.gelu(self.a(self.norm(x))))


class Model(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.inp = nn.Linear(10, d)
        self.blocks = nn.Sequential(ResBlock(d), ResBlock(d), ResBlock(d))
        self.churn = nn.Linear(d, 1)
        self.share = nn.Sequential(nn.Linear(d, 1), nn.Sigmoid())

    def forward(self, x):
        h = self.blocks(self.inp(x))
        return self.churn(h).squeeze(1), self.share(h).squeeze(1)


x, churn, share = make_data(16000)
xv, churn_v, share_v = make_data(6000)
model = Model()
nn.init.constant_(model.churn.bias, float(torch.logit(churn.mean())))
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
accumulate, micro = 2, 64
for epoch in range(8):
    model.train()
    for k, idx in enumerate(torch.randperm(len(x)).split(micro)):
        c, s = model(x[idx])
        loss = F.binary_cross_entropy_with_logits(c, churn[idx]) + 4 * F.mse_loss(s, share[idx])
        (loss / accumulate).backward()
        if (k + 1) % accumulate == 0:
            opt.step()
            opt.zero_grad()
    print(f"epoch {epoch} loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    c, s = model(xv)
r2 = 1 - F.mse_loss(s, share_v) / share_v.var()
print(f"share R2 {r2.item():.4f}  mean baseline 0.0000")
print(f"churn average precision {average_precision_score(churn_v, c):.4f}  prevalence baseline {churn_v.mean().item():.4f}")
