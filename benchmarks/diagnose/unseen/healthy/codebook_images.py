import gzip
import os
import struct
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

ROOT = os.environ.get("DATA_DIR", "../shared/data")


@dataclass
class Cfg:
    width: int = 16
    code_dim: int = 8
    codes: int = 64
    decay: float = 0.95
    commit: float = 0.25
    lr: float = 3e-3
    batch: int = 48
    steps: int = 260


def read_images(split, limit):
    with gzip.open(os.path.join(ROOT, "MNIST/raw", f"{split}-images-idx3-ubyte.gz")) as f:
        raw = f.read()
    n, h, w = struct.unpack(">III", raw[4:16])
    a = np.frombuffer(raw, np.uint8, offset=16).reshape(n, 1, h, w)[:limit]
    return torch.from_numpy(a.astype("float32") / 255)


class Quantiser(nn.Module):
    """Nearest-code lookup; the codes follow running averages of what they are assigned."""

    def __init__(self, codes, dim, decay):
        super().__init__()
        self.decay = decay
        self.register_buffer("codes", torch.randn(codes, dim))
        self.register_buffer("count", torch.ones(codes))
        self.register_buffer("total", self.codes.clone())
        self.ready = False

    @torch.no_grad()
    def adapt(self, flat, idx):
        hot = F.one_hot(idx, len(self.codes)).float()
        self.count.lerp_(hot.sum(0), 1 - self.decay)
        self.total.lerp_(hot.T @ flat, 1 - self.decay)
        self.codes.copy_(self.total / self.count.clamp_min(1e-3)[:, None])
        stale = self.count < 0.05
        if stale.any():
            pick = flat[torch.randint(0, len(flat), (int(stale.sum()),))]
            self.codes[stale] = pick
            self.total[stale] = pick
            self.count[stale] = 1.0

    def forward(self, z):
        flat = z.permute(0, 2, 3, 1).reshape(-1, z.shape[1])
        if not self.ready:
            self.codes.copy_(flat[torch.randperm(len(flat))[:len(self.codes)]].detach())
            self.total.copy_(self.codes)
            self.ready = True
        idx = torch.cdist(flat.detach(), self.codes).argmin(1)
        q = self.codes[idx].view(z.shape[0], *z.shape[2:], -1).permute(0, 3, 1, 2)
        if self.training:
            self.adapt(flat.detach(), idx)
        return z + (q - z).detach(), F.mse_loss(z, q.detach()), idx


class VQModel(nn.Module):
    def __init__(self, c):
        super().__init__()
        w = c.width
        self.enc = nn.Sequential(nn.Conv2d(1, w, 4, 2, 1), nn.SiLU(), nn.Conv2d(w, w, 4, 2, 1), nn.SiLU(),
                                 nn.Conv2d(w, c.code_dim, 1), nn.BatchNorm2d(c.code_dim, affine=False))
        self.vq = Quantiser(c.codes, c.code_dim, c.decay)
        self.dec = nn.Sequential(nn.Conv2d(c.code_dim, w, 3, 1, 1), nn.SiLU(), nn.ConvTranspose2d(w, w, 4, 2, 1),
                                 nn.SiLU(), nn.ConvTranspose2d(w, 1, 4, 2, 1), nn.Sigmoid())

    def forward(self, x):
        q, commit, idx = self.vq(self.enc(x))
        return self.dec(q), commit, idx


def main():
    c = Cfg()
    torch.manual_seed(1)
    train, test = read_images("train", 8000), read_images("t10k", 1000)
    net = VQModel(c)
    opt = torch.optim.Adam(net.parameters(), lr=c.lr)
    for step in range(c.steps):
        x = train[torch.randint(0, len(train), (c.batch,))]
        recon, commit, idx = net(x)
        loss = F.mse_loss(recon, x) * 10 + c.commit * commit
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 50 == 0:
            print(f"step {step} loss {loss.item():.4f} used {idx.unique().numel()}")
    net.eval()
    with torch.no_grad():
        recon = net(test)[0]
    print(f"baseline {(test - train.mean(0)).pow(2).mean().item():.5f}")
    print(f"metric {F.mse_loss(recon, test).item():.5f}")


if __name__ == "__main__":
    main()
