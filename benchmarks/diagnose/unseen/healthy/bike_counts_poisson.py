# hourly counts (simulated rentals), Poisson loss on a relu output
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F

rng = np.random.default_rng(6)
torch.manual_seed(6)

n = 5000
df = pd.DataFrame({
    "hour": rng.integers(0, 24, n),
    "temp": rng.normal(15, 8, n),
    "humidity": rng.uniform(20, 100, n),
    "weekend": rng.integers(0, 2, n),
})
rate = (2.0 + 9 * np.exp(-((df.hour - 8) ** 2) / 8.0) * (1 - df.weekend)
        + 11 * np.exp(-((df.hour - 17) ** 2) / 10.0)
        + 0.25 * df.temp.clip(0, 30) - 0.02 * df.humidity)
df["count"] = rng.poisson(rate.clip(lower=0.2))
print(df.describe().loc[["mean", "std", "min", "max"]].round(2))

feats = pd.DataFrame({
    "sin": np.sin(df.hour * np.pi / 12), "cos": np.cos(df.hour * np.pi / 12),
    "sin2": np.sin(df.hour * np.pi / 6), "cos2": np.cos(df.hour * np.pi / 6),
    "temp": (df.temp - 15) / 8, "hum": (df.humidity - 60) / 23, "we": df.weekend,
})
X = torch.tensor(feats.values, dtype=torch.float32)
y = torch.tensor(df["count"].values, dtype=torch.float32)
Xtr, ytr, Xva, yva = X[:4000], y[:4000], X[4000:], y[4000:]


class CountNet(nn.Module):
    def __init__(self, n_in, start):
        super().__init__()
        self.a = nn.Linear(n_in, 64)
        self.b = nn.Linear(64, 32)
        self.out = nn.Linear(32, 1)
        nn.init.constant_(self.out.bias, start)

    def forward(self, x):
        x = F.relu(self.a(x))
        x = F.relu(self.b(x))
        return F.relu(self.out(x)).squeeze(1)


net = CountNet(X.shape[1], ytr.mean().item())
opt = torch.optim.RMSprop(net.parameters(), lr=1e-3)
poisson = nn.PoissonNLLLoss(log_input=False, eps=1e-3)
base = poisson(torch.full_like(yva, ytr.mean().item()), yva).item()

for epoch in range(30):
    perm = torch.randperm(len(Xtr))
    run = 0.0
    for k in range(0, len(perm), 50):
        j = perm[k:k + 50]
        opt.zero_grad()
        loss = poisson(net(Xtr[j]), ytr[j])
        loss.backward()
        opt.step()
        run += loss.item()
    if epoch % 5 == 4:
        with torch.no_grad():
            pv = net(Xva)
            vl = poisson(pv, yva).item()
            mae = (pv - yva).abs().mean().item()
        print(f"epoch {epoch + 1:2d} loss {run / (len(perm) / 50):.4f} val {vl:.4f} mae {mae:.3f}")

base_mae = (yva - ytr.mean()).abs().mean().item()
print(f"val {vl:.4f} (constant rate {base:.4f})  mae {mae:.3f} (constant {base_mae:.3f})")
