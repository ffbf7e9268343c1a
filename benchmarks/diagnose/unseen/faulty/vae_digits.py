"""VAE with a diagonal Gaussian posterior on 8x8 digits, KL warm-up and weight EMA."""
import copy
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence
from sklearn.datasets import load_digits

torch.manual_seed(8)
data = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
data = data[torch.randperm(len(data))]
train, test = data[:1500], data[1500:]


class VAE(nn.Module):
    def __init__(self, d=64, h=128, z=8):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU())
        self.to_mu = nn.Linear(h, z)
        self.to_raw = nn.Linear(h, z)
        self.dec = nn.Sequential(nn.Linear(z, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, d))

    def posterior(self, x):
        h = self.enc(x)
        return Normal(self.to_mu(h), F.softplus(self.to_raw(h)) + 1e-3)

    def forward(self, x):
        q = self.posterior(x)
        z = q.sample()
        logits = self.dec(z)
        rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
        kl = kl_divergence(q, Normal(0.0, 1.0)).sum(-1)
        return rec, kl


@torch.no_grad()
def ema_update(dst, src, decay):
    for p, q in zip(dst.parameters(), src.parameters()):
        p.lerp_(q, 1 - decay)


vae = VAE()
ema = copy.deepcopy(vae).requires_grad_(False)
opt = torch.optim.Adam(vae.parameters(), lr=2e-3)
step, EPOCHS = 0, 40
for epoch in range(EPOCHS):
    for xb in train[torch.randperm(len(train))].split(100):
        beta = min(1.0, step / 200)
        rec, kl = vae(xb)
        loss = (rec + beta * kl).mean()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(vae.parameters(), 10.0)
        opt.step()
        ema_update(ema, vae, 0.98)
        step += 1
    if epoch % 5 == 0:
        print(f"epoch {epoch:2d} rec {rec.mean().item():.3f} kl {kl.mean().item():.3f} beta {beta:.2f}")

with torch.no_grad():
    rec, kl = ema(test)
    mean = train.mean(0).clamp(1e-3, 1 - 1e-3).expand_as(test)
    ref = F.binary_cross_entropy(mean, test, reduction="none").sum(-1).mean()
print(f"test -elbo {(rec + kl).mean():.3f} (rec {rec.mean():.3f}, kl {kl.mean():.3f}), mean-image {ref:.3f}")
