import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.set_num_threads(1)
torch.manual_seed(0)
X = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
X = X[torch.randperm(len(X))]
xtr, xte = X[:1400], X[1400:]


class StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z, zq):
        return zq.clone()

    @staticmethod
    def backward(ctx, g):
        return g, None


class EMACodebook(nn.Module):
    def __init__(self, k, d, decay=0.95):
        super().__init__()
        self.register_buffer("codes", torch.randn(k, d))
        self.register_buffer("count", torch.ones(k))
        self.register_buffer("total", self.codes.clone())
        self.decay = decay

    @torch.no_grad()
    def lookup(self, z):
        d = torch.cdist(z, self.codes)
        return d.argmin(1)

    @torch.no_grad()
    def update(self, z, idx):
        one = F.one_hot(idx, len(self.codes)).float()
        self.count.lerp_(one.sum(0), 1 - self.decay)
        self.total.lerp_(one.t() @ z, 1 - self.decay)
        self.codes.copy_(self.total / self.count.clamp(min=1e-2)[:, None])
        stale = self.count < 0.2
        if stale.any():
            pick = z[torch.randint(0, len(z), (int(stale.sum()),))]
            self.codes[stale] = pick
            self.total[stale] = pick
            self.count[stale] = 1.0

    def forward(self, z):
        idx = self.lookup(z.detach())
        if self.training:
            self.update(z.detach(), idx)
        zq = self.codes[idx]
        commit = (z - zq.detach()).pow(2).mean()
        return StraightThrough.apply(z, zq), commit


class VQAE(nn.Module):
    def __init__(self, groups=8, d=4):
        super().__init__()
        self.groups, self.d = groups, d
        self.enc = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, groups * d))
        self.book = EMACodebook(48, d)
        self.dec = nn.Sequential(nn.Linear(groups * d, 96), nn.ReLU(), nn.Linear(96, 64))

    def forward(self, x):
        z = self.enc(x).reshape(-1, self.d)
        zq, commit = self.book(z)
        return torch.sigmoid(self.dec(zq.reshape(len(x), -1))), commit


net = VQAE()
opt = torch.optim.Adam(net.parameters(), 2e-3)
for epoch in range(60):
    net.train()
    for idx in torch.randperm(len(xtr)).split(64):
        rec, commit = net(xtr[idx])
        loss = F.binary_cross_entropy(rec, xtr[idx]) + 0.25 * commit
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 10 == 0:
        print(epoch, round(loss.item(), 4))
net.eval()
with torch.no_grad():
    mse = (net(xte)[0] - xte).pow(2).mean().item()
base = (xte - xtr.mean(0)).pow(2).mean().item()
print(f"baseline mse {base:.4f} model mse {mse:.4f}")
print(f"final_metric explained {1 - mse / base:.4f}")
