"""VQ-VAE with an EMA codebook (van den Oord et al. 2017, appendix A.1), digits 8x8."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(0)
torch.set_num_threads(1)


class EMAQuantizer(nn.Module):
    def __init__(self, n_codes, dim, decay=0.97, eps=1e-5):
        super().__init__()
        self.decay, self.eps = decay, eps
        e = torch.randn(n_codes, dim)
        self.register_buffer("codes", e)
        self.register_buffer("count", torch.ones(n_codes))
        self.register_buffer("total", e.clone())

    def forward(self, z):
        flat = z.reshape(-1, z.size(-1))
        d = flat.pow(2).sum(1, keepdim=True) - 2 * flat @ self.codes.t() + self.codes.pow(2).sum(1)
        idx = d.argmin(1)
        q = self.codes[idx].view_as(z)
        if self.training:
            with torch.no_grad():
                hot = F.one_hot(idx, len(self.codes)).type_as(z)
                self.count.mul_(self.decay).add_(hot.sum(0), alpha=1 - self.decay)
                self.total.mul_(self.decay).add_(hot.t() @ flat, alpha=1 - self.decay)
                n = self.count.sum()
                size = (self.count + self.eps) / (n + len(self.codes) * self.eps) * n
                self.codes.copy_(self.total / size[:, None])
                # restart codes that are hardly used
                unused = self.count < 0.5
                if unused.any():
                    pick = flat[torch.randint(0, len(flat), (int(unused.sum()),))]
                    self.codes[unused] = pick
                    self.total[unused] = pick
                    self.count[unused] = 1.0
        commit = F.mse_loss(z, q.detach())
        return z + (q - z).detach(), commit, idx


class VQVAE(nn.Module):
    def __init__(self, codes=64, dim=8):
        super().__init__()
        self.enc = nn.Sequential(nn.Conv2d(1, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 48, 3, 1, 1), nn.LeakyReLU(0.1), nn.Conv2d(48, dim, 1))
        self.vq = EMAQuantizer(codes, dim)
        self.dec = nn.Sequential(nn.Conv2d(dim, 48, 3, 1, 1), nn.ReLU(), nn.ConvTranspose2d(48, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 1, 3, 1, 1))

    def forward(self, x):
        z = self.enc(x).permute(0, 2, 3, 1)
        q, commit, idx = self.vq(z)
        return self.dec(q.permute(0, 3, 1, 2)), commit, idx


x = torch.tensor(load_digits().images, dtype=torch.float32)[:, None] / 16
x = x[torch.randperm(len(x))]
xtr, xte = x[:1400], x[1400:]
net = VQVAE()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(15):
    for k in torch.randperm(len(xtr)).split(70):
        rec, commit, idx = net(xtr[k])
        loss = F.mse_loss(rec, xtr[k]) + 0.1 * commit
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 3 == 1:
        print(f"epoch {epoch:2d}  loss {loss.item():.4f}  commit {commit.item():.4f}  codes in batch {idx.unique().numel()}")
net.eval()
with torch.no_grad():
    rec, _, idx = net(xte)
    mse = F.mse_loss(rec, xte).item()
print(f"test mse {mse:.4f}  (mean image {F.mse_loss(xtr.mean(0).expand_as(xte), xte).item():.4f}), codes used {idx.unique().numel()}/64")
