"""Discrete codes for the 8x8 digits: conv encoder, codebook kept by moving averages."""
import numpy as np
import torch
torch.set_num_threads(1)
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(0)
rng = np.random.default_rng(0)
x_all = torch.tensor(load_digits().data / 16.0, dtype=torch.float32).view(-1, 1, 8, 8)
perm = torch.from_numpy(rng.permutation(len(x_all)))
train, test = x_all[perm[:1500]], x_all[perm[1500:]]


class Codebook(nn.Module):
    def __init__(self, k, d, decay=0.97):
        super().__init__()
        self.k, self.decay = k, decay
        self.register_buffer("codes", torch.zeros(k, d))
        self.register_buffer("mass", torch.ones(k))
        self.register_buffer("total", torch.zeros(k, d))
        self.ready = False

    @torch.no_grad()
    def start(self, flat):
        self.codes.copy_(flat[torch.randperm(len(flat))[: self.k]])
        self.total.copy_(self.codes)
        self.ready = True

    def forward(self, z):
        b, d, h, w = z.shape
        flat = z.permute(0, 2, 3, 1).reshape(-1, d)
        if not self.ready:
            self.start(flat.detach())
        with torch.no_grad():
            idx = torch.cdist(flat, self.codes).argmin(1)
        q = self.codes[idx]
        if self.training:
            with torch.no_grad():
                hot = F.one_hot(idx, self.k).float()
                self.mass.mul_(self.decay).add_(hot.sum(0), alpha=1 - self.decay)
                self.total.mul_(self.decay).add_(hot.t() @ flat, alpha=1 - self.decay)
                self.codes.copy_(self.total / self.mass.clamp(min=1e-3)[:, None])
                weak = self.mass < 0.5
                if weak.any():
                    fresh = flat[torch.randint(len(flat), (int(weak.sum()),))]
                    self.codes[weak] = fresh
                    self.total[weak] = fresh
                    self.mass[weak] = 1.0
        commit = F.mse_loss(flat, q.detach())
        q = flat + (q - flat).detach()
        return q.view(b, h, w, d).permute(0, 3, 1, 2), commit, idx


class VQ(nn.Module):
    def __init__(self, k=48, d=6):
        super().__init__()
        self.enc = nn.Sequential(
            nn.Conv2d(1, 24, 3, stride=2, padding=1), nn.LeakyReLU(0.1),
            nn.Conv2d(24, 32, 3, padding=1), nn.LeakyReLU(0.1),
            nn.Conv2d(32, d, 1),
        )
        self.book = Codebook(k, d)
        self.dec = nn.Sequential(
            nn.Conv2d(d, 32, 3, padding=1), nn.SiLU(),
            nn.ConvTranspose2d(32, 24, 4, stride=2, padding=1), nn.SiLU(),
            nn.Conv2d(24, 1, 3, padding=1), nn.Sigmoid(),
        )

    def forward(self, x):
        q, commit, idx = self.book(self.enc(2 * x - 1))
        return self.dec(q), commit, idx


net = VQ()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-4)
for step in range(450):
    batch = train[torch.randint(len(train), (64,))]
    recon, commit, idx = net(batch)
    loss = F.mse_loss(recon, batch) + 0.1 * commit
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        p = torch.bincount(idx, minlength=48).float()
        p = p / p.sum()
        print(step, round(loss.item(), 4), "perplexity", round(torch.exp(-(p * (p + 1e-9).log()).sum()).item(), 1))

net.eval()
with torch.no_grad():
    out, _, idx = net(test)
    print("codes in use", len(idx.unique()), "of 48")
    print("mean-image mse", round(F.mse_loss(train.mean(0, keepdim=True).expand_as(test), test).item(), 4))
    print("final recon_mse", round(F.mse_loss(out, test).item(), 5))
