"""1-D VQ-VAE: turns waveforms into short sequences of discrete codes."""
from dataclasses import dataclass
import math

import torch
from torch import nn
import torch.nn.functional as F

torch.set_num_threads(1)


@dataclass
class Cfg:
    codes: int = 24
    dim: int = 12
    beta: float = 0.25
    steps: int = 420
    batch: int = 48
    length: int = 64
    lr: float = 2e-3
    seed: int = 6


class Quantizer(nn.Module):
    """Codebook kept as a running k-means of encoder outputs (appendix of the VQ-VAE paper)."""

    def __init__(self, codes, dim, beta, decay=0.9):
        super().__init__()
        self.beta, self.decay = beta, decay
        self.register_buffer("codebook", torch.zeros(codes, dim))
        self.register_buffer("count", torch.ones(codes))
        self.register_buffer("total", torch.zeros(codes, dim))

    @staticmethod
    def flatten(z):
        return z.transpose(1, 2).reshape(-1, z.shape[1])

    @torch.no_grad()
    def init_from(self, z):
        flat = self.flatten(z)
        self.codebook.copy_(flat[torch.randperm(len(flat))[: len(self.codebook)]])
        self.total.copy_(self.codebook)

    @torch.no_grad()
    def update(self, flat, ix):
        one = F.one_hot(ix, len(self.codebook)).to(flat.dtype)
        self.count.lerp_(one.sum(0), 1 - self.decay)
        self.total.lerp_(one.T @ flat, 1 - self.decay)
        idle = (self.count < 0.3).nonzero().flatten()
        if len(idle):
            self.total[idle] = flat[torch.randint(0, len(flat), (len(idle),))]
            self.count[idle] = 1.0
        self.codebook.copy_(self.total / self.count[:, None])

    def forward(self, z):
        flat = self.flatten(z)
        ix = torch.cdist(flat, self.codebook).argmin(1)
        q = self.codebook[ix].view(z.shape[0], z.shape[2], -1).transpose(1, 2)
        aux = self.beta * F.mse_loss(z, q)
        out = z + (q - z).detach()
        if self.training:
            self.update(flat.detach(), ix)
        return out, aux, ix


class Tokenizer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.enc = nn.Sequential(
            nn.Conv1d(1, 24, 5, 2, 2), nn.SiLU(),
            nn.Conv1d(24, 32, 5, 2, 2), nn.SiLU(),
            nn.Conv1d(32, c.dim, 1))
        self.vq = Quantizer(c.codes, c.dim, c.beta)
        self.dec = nn.Sequential(
            nn.Conv1d(c.dim, 32, 3, padding=1), nn.SiLU(),
            nn.ConvTranspose1d(32, 24, 4, 2, 1), nn.SiLU(),
            nn.ConvTranspose1d(24, 1, 4, 2, 1))

    def forward(self, x):
        z = self.enc(x)
        q, aux, ix = self.vq(z)
        return self.dec(q), aux, ix


def waves(n, length):
    t = torch.linspace(0, 1, length)
    f = 1 + 3 * torch.rand(n, 1)
    ph = 2 * math.pi * torch.rand(n, 1)
    a = 0.5 + torch.rand(n, 1)
    return (a * torch.sin(2 * math.pi * f * t + ph) + 0.03 * torch.randn(n, length))[:, None]


def main():
    c = Cfg()
    torch.manual_seed(c.seed)
    m = Tokenizer(c)
    m.vq.init_from(m.enc(waves(c.batch, c.length)))
    opt = torch.optim.Adam(m.parameters(), lr=c.lr)
    for s in range(c.steps):
        x = waves(c.batch, c.length)
        rec, aux, ix = m(x)
        loss = F.mse_loss(rec, x) + aux
        opt.zero_grad()
        loss.backward()
        opt.step()
        if s % 60 == 0:
            print(f"{s:4d}  loss {loss.item():.4f}  codes in batch {ix.unique().numel()}")
    m.eval()
    with torch.no_grad():
        x = waves(500, c.length)
        rec, _, ix = m(x)
        mse = F.mse_loss(rec, x).item()
    print(f"reconstruction mse {mse:.4f}, signal variance {x.var().item():.4f}, codes used {ix.unique().numel()}/{c.codes}")


main()
