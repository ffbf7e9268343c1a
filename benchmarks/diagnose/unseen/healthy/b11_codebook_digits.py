"""VQ-VAE on digits: straight-through codes, commitment term."""
import gzip
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
raw = gzip.open("../shared/data/MNIST/raw/train-images-idx3-ubyte.gz").read(16 + 784 * 3200)
X = torch.from_numpy(np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 1, 28, 28).copy()).float() / 255
Xtr, Xva = X[:2800], X[2800:]


class Codebook(nn.Module):
    def __init__(self, k=32, d=12, commit=0.25):
        super().__init__()
        self.emb = nn.Embedding(k, d)
        self.commit = commit
        self.ready = False

    def forward(self, z):                                   # B,d,h,w
        flat = z.permute(0, 2, 3, 1).reshape(-1, z.size(1))
        if not self.ready:                                  # start the codes from data
            pick = torch.randperm(len(flat))[:self.emb.num_embeddings]
            self.emb.weight.data.copy_(flat[pick].detach())
            self.ready = True
        code = torch.cdist(flat, self.emb.weight).argmin(1)
        q = self.emb(code).view(z.size(0), z.size(2), z.size(3), -1).permute(0, 3, 1, 2)
        loss = F.mse_loss(q, z.detach()) + self.commit * F.mse_loss(z, q.detach())
        return z + (q - z).detach(), loss, code


enc = nn.Sequential(nn.Conv2d(1, 16, 4, 2, 1), nn.LeakyReLU(0.1), nn.Conv2d(16, 24, 4, 2, 1), nn.LeakyReLU(0.1), nn.Conv2d(24, 12, 1), nn.BatchNorm2d(12))
dec = nn.Sequential(nn.Conv2d(12, 24, 3, 1, 1), nn.LeakyReLU(0.1), nn.ConvTranspose2d(24, 16, 4, 2, 1), nn.LeakyReLU(0.1),
                    nn.ConvTranspose2d(16, 1, 4, 2, 1))
vq = Codebook()
opt = torch.optim.Adam([*enc.parameters(), *dec.parameters(), *vq.parameters()], lr=2e-3)
for ep in range(4):
    for ix in torch.randperm(len(Xtr)).split(60):
        x = Xtr[ix]
        q, lq, _ = vq(enc(x))
        rec = F.binary_cross_entropy_with_logits(dec(q), x) * 10
        opt.zero_grad()
        (rec + lq).backward()
        opt.step()
    print(f"epoch {ep}: reconstruction {rec.item():.4f} vq {lq.item():.4f}")
enc.eval()
with torch.no_grad():
    q, _, code = vq(enc(Xva))
    err = F.mse_loss(dec(q).sigmoid(), Xva).item()
    base = (Xva - Xtr.mean(0)).pow(2).mean().item()
print(f"val mse {err:.4f}, mean image {base:.4f}, codes used {code.unique().numel()} of 32")
