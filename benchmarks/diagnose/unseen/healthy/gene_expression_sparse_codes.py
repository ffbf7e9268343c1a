from dataclasses import dataclass

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class SAEConfig:
    d_in: int = 48
    n_dict: int = 192
    true_atoms: int = 96
    active: int = 4
    l1: float = 0.03
    lr: float = 2e-3
    epochs: int = 25


class SparseAutoencoder(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.encoder = nn.Linear(cfg.d_in, cfg.n_dict)
        self.decoder = nn.Linear(cfg.n_dict, cfg.d_in)
        nn.init.constant_(self.encoder.bias, -0.1)
        with torch.no_grad():
            self.decoder.weight.copy_(nn.functional.normalize(self.decoder.weight, dim=0))
            self.encoder.weight.copy_(self.decoder.weight.t())

    def forward(self, x):
        codes = torch.relu(self.encoder(x - self.decoder.bias))
        return self.decoder(codes), codes


def generate(cfg, n, g, atoms):
    code = torch.zeros(n, cfg.true_atoms)
    idx = torch.rand(n, cfg.true_atoms, generator=g).topk(cfg.active, dim=1).indices
    code.scatter_(1, idx, torch.rand(n, cfg.active, generator=g) + 0.5)
    return code @ atoms + 0.02 * torch.randn(n, cfg.d_in, generator=g)


cfg = SAEConfig()
torch.manual_seed(0)
g = torch.Generator().manual_seed(1)
atoms = nn.functional.normalize(torch.randn(cfg.true_atoms, cfg.d_in, generator=g), dim=1)
train, val = generate(cfg, 12000, g, atoms), generate(cfg, 2000, g, atoms)
sae = SparseAutoencoder(cfg)
opt = torch.optim.Adam(sae.parameters(), lr=cfg.lr)
loader = DataLoader(TensorDataset(train), batch_size=128, shuffle=True)
for epoch in range(cfg.epochs):
    for (x,) in loader:
        rec, codes = sae(x)
        loss = (rec - x).pow(2).sum(1).mean() + cfg.l1 * codes.sum(1).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        with torch.no_grad():
            sae.decoder.weight.copy_(nn.functional.normalize(sae.decoder.weight, dim=0))
    with torch.no_grad():
        rec, codes = sae(val)
        fvu = ((rec - val).pow(2).sum() / (val - val.mean(0)).pow(2).sum()).item()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1} loss {loss.item():.4f} fvu {fvu:.4f} zero_codes {(codes == 0).float().mean():.3f}")
print(f"fraction_variance_unexplained {fvu:.4f}")
