"""
Tutorial 6: A convolutional variational autoencoder in plain PyTorch
--------------------------------------------------------------------
We compress MNIST digits into a 20-dimensional latent vector and rebuild them.
"""
import gzip

import numpy as np
import torch
from torch import nn, optim

torch.manual_seed(1)
torch.set_num_threads(1)

# 1. Data: scale, then standardise with the usual MNIST constants
def get_data(fname, n):
    with gzip.open("../shared/data/MNIST/raw/" + fname, "rb") as f:
        raw = np.frombuffer(f.read(16 + 784 * n), dtype=np.uint8, offset=16)
    x = torch.from_numpy(raw.copy()).view(n, 1, 28, 28).float().div_(255)
    return x.sub_(0.1307).div_(0.3081)


train_x = get_data("train-images-idx3-ubyte.gz", 2500)
test_x = get_data("t10k-images-idx3-ubyte.gz", 600)

# 2. Model
class ConvVAE(nn.Module):
    def __init__(self, z_dim=20):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1),    # 28 -> 14
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1),   # 14 -> 7
            nn.ReLU(),
            nn.Flatten(),
        )
        self.to_mu = nn.Linear(16 * 7 * 7, z_dim)
        self.to_logvar = nn.Linear(16 * 7 * 7, z_dim)
        self.decoder = nn.Sequential(
            nn.Linear(z_dim, 16 * 7 * 7),
            nn.ReLU(),
            nn.Unflatten(1, (16, 7, 7)),
            nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1),
            nn.Sigmoid(),
        )

    def encode(self, x):
        h = self.encoder(x)
        return self.to_mu(h), self.to_logvar(h)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.decoder(z), mu, logvar


# 3. Negative ELBO with a Gaussian likelihood
def vae_loss(rec, x, mu, logvar):
    rec_loss = 0.5 * (rec - x).pow(2).sum(dim=(1, 2, 3))
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(dim=1)
    return rec_loss.mean(), kl.mean()


# 4. Training loop
model = ConvVAE()
optimizer = optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(6):
    model.train()
    for batch in torch.randperm(len(train_x)).split(50):
        x = train_x[batch]
        rec, mu, logvar = model(x)
        rec_loss, kl = vae_loss(rec, x, mu, logvar)
        loss = rec_loss + kl
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"Epoch {epoch + 1}: reconstruction = {rec_loss.item():.2f}, KL = {kl.item():.2f}")

# 5. How good is it?
model.eval()
with torch.no_grad():
    rec = model.decoder(model.encode(test_x)[0])
    explained = 1 - ((rec - test_x) ** 2).mean() / ((test_x - train_x.mean(0)) ** 2).mean()
print(f"Fraction of the pixel variance explained: {explained:.4f}")
