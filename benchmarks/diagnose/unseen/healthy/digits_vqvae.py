"""VQ-VAE on 8x8 digits: 4 codes per image, straight-through quantisation."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(2)


class VectorQuantizer(nn.Module):
    def __init__(self, n_codes=48, dim=8, commit=0.25):
        super().__init__()
        self.codebook = nn.Embedding(n_codes, dim)
        nn.init.uniform_(self.codebook.weight, -0.5, 0.5)
        self.commit = commit

    def forward(self, z):
        flat = z.reshape(-1, z.size(-1))
        with torch.no_grad():
            idx = torch.cdist(flat, self.codebook.weight).argmin(1)
        q = self.codebook(idx).view_as(z)
        loss = F.mse_loss(q, z.detach()) + self.commit * F.mse_loss(z, q.detach())
        q = z + (q - z).detach()
        return q, loss, idx


class VQVAE(nn.Module):
    def __init__(self, slots=4, dim=8):
        super().__init__()
        self.slots, self.dim = slots, dim
        self.enc = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, slots * dim))
        self.vq = VectorQuantizer(dim=dim)
        self.dec = nn.Sequential(nn.Linear(slots * dim, 128), nn.ReLU(), nn.Linear(128, 64), nn.Sigmoid())

    def forward(self, x):
        z = self.enc(x).view(-1, self.slots, self.dim)
        q, vq_loss, idx = self.vq(z)
        return self.dec(q.flatten(1)), vq_loss, idx


images = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
images = images[torch.randperm(len(images))]
train, test = images[:1500], images[1500:]

model = VQVAE()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(40):
    for batch in train[torch.randperm(len(train))].split(64):
        recon, vq_loss, _ = model(batch)
        loss = F.mse_loss(recon, batch) + 0.2 * vq_loss
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 10 == 9:
        with torch.no_grad():
            recon, _, idx = model(test)
        print(f"epoch {epoch + 1}: train {loss.item():.4f}  test mse {F.mse_loss(recon, test):.4f}  "
              f"codes used {idx.unique().numel()}")

baseline = F.mse_loss(train.mean(0).expand_as(test), test)
print(f"mean-image mse {baseline:.4f}")
print(f"final test mse {F.mse_loss(recon, test):.4f}")
