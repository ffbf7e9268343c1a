"""Sparse autoencoder: an overcomplete ReLU dictionary with an L1 penalty.

The data are sums of a few "atoms" out of 96, so a good code is almost always zero:
each unit should speak only for the few samples that hold its atom.
"""
import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(0)

N_ATOMS, DIM, CODE = 96, 64, 128
atoms = nn.functional.normalize(torch.randn(N_ATOMS, DIM), dim=1)


def sample(n):
    on = (torch.rand(n, N_ATOMS) < 0.025).float()
    amp = 0.5 + torch.rand(n, N_ATOMS)
    return (on * amp) @ atoms


class SAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.dec = nn.Parameter(nn.functional.normalize(torch.randn(CODE, DIM), dim=1))
        self.enc = nn.Linear(DIM, CODE)
        with torch.no_grad():
            self.enc.weight.copy_(self.dec)
        self.pre_bias = nn.Parameter(torch.zeros(DIM))

    def forward(self, x):
        code = torch.relu(self.enc(x - self.pre_bias))
        return code @ self.dec + self.pre_bias, code

    @torch.no_grad()
    def unit_norm_(self):
        self.dec.div_(self.dec.norm(dim=1, keepdim=True))


sae = SAE()
opt = torch.optim.Adam(sae.parameters(), lr=3e-3)
steps = 1800
for step in range(steps):
    for g in opt.param_groups:
        g["lr"] = 3e-3 * min(1.0, 3 * (1 - step / steps))
    x = sample(256)
    rec, code = sae(x)
    l1 = 0.06 * min(1.0, step / 400)
    loss = ((rec - x) ** 2).sum(1).mean() + l1 * code.sum(1).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    sae.unit_norm_()
    if step % 200 == 0:
        l0 = (code > 0).float().sum(1).mean().item()
        print(f"step {step:4d} loss {loss.item():.4f}  active units per sample {l0:.1f} of {CODE}")

with torch.no_grad():
    x = sample(8000)
    rec, code = sae(x)
    fvu = ((rec - x) ** 2).sum() / ((x - x.mean(0)) ** 2).sum()
    used = (code > 0).any(0).float().mean()
    match = (sae.dec @ atoms.T).max(0).values
print(f"unexplained variance {fvu.item():.4f}, units in use {used.item():.2f}, "
      f"atoms recovered (cos > 0.9) {(match > 0.9).float().mean().item():.2f}")
