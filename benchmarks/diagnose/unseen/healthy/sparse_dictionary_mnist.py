import gzip, os
import numpy as np
import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(0)
path = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw", "train-images-idx3-ubyte.gz")
with gzip.open(path) as f:
    raw = np.frombuffer(f.read(16 + 784 * 6000), np.uint8, offset=16).reshape(6000, 28, 28)
img = torch.tensor(raw.copy()).float()[:, ::2, ::2].reshape(6000, 196) / 255
mean = img[:5000].mean(0)
xtr, xte = img[:5000] - mean, img[5000:] - mean


class SparseCoder(nn.Module):
    def __init__(self, d, k):
        super().__init__()
        atoms = torch.randn(k, d)
        atoms = atoms / atoms.norm(dim=1, keepdim=True)
        self.dec = nn.Parameter(atoms)
        self.enc = nn.Parameter(atoms.t().clone())
        self.bias = nn.Parameter(torch.full((k,), -0.1))

    def forward(self, x):
        pre = x @ self.enc + self.bias
        code = torch.where(pre > 0, pre, torch.zeros_like(pre))
        return code @ self.dec, code

    @torch.no_grad()
    def renorm(self):
        self.dec.div_(self.dec.norm(dim=1, keepdim=True).clamp(min=1e-6))


net = SparseCoder(196, 256)
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(20):
    lam = 0.02 * min(1.0, epoch / 5)
    for idx in torch.randperm(len(xtr)).split(100):
        rec, code = net(xtr[idx])
        loss = (rec - xtr[idx]).pow(2).sum(1).mean() + lam * 15 * code.abs().sum(1).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        net.renorm()
    if epoch % 4 == 0:
        print(f"epoch {epoch} loss {loss.item():.3f}")

with torch.no_grad():
    rec, code = net(xte)
    mse, base = (rec - xte).pow(2).mean().item(), xte.pow(2).mean().item()
    active = (code > 0).float()
print(f"density {active.mean().item():.3f} units used {(active.sum(0) > 0).float().mean().item():.3f}")
print(f"final_metric explained {1 - mse / base:.4f}")
