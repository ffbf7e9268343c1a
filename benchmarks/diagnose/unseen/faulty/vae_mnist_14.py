import gzip, os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
data_dir = os.environ.get("DATA_DIR", "../shared/data")


def images(fname, count):
    path = os.path.join(data_dir, "MNIST", "raw", fname)
    with gzip.open(path) as f:
        raw = np.frombuffer(f.read(), dtype=np.uint8, offset=16)
    return torch.from_numpy(raw.reshape(-1, 784)[:count].astype("float32") / 255.0)


class Encoder(nn.Module):
    def __init__(self, z_dim):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(784, 256), nn.LeakyReLU(0.1), nn.Linear(256, 128), nn.LeakyReLU(0.1))
        self.mu = nn.Linear(128, z_dim)
        self.logvar = nn.Linear(128, z_dim)

    def forward(self, x):
        h = self.net(x)
        return Normal(self.mu(h), torch.exp(0.5 * self.logvar(h)))


class Decoder(nn.Module):
    def __init__(self, z_dim):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(z_dim, 128), nn.LeakyReLU(0.1), nn.Linear(128, 256), nn.LeakyReLU(0.1),
                                 nn.Linear(256, 784))

    def forward(self, z):
        return self.net(z)


class VAE(nn.Module):
    def __init__(self, z_dim=16):
        super().__init__()
        self.encoder = Encoder(z_dim)
        self.decoder = Decoder(z_dim)

    def forward(self, x):
        posterior = self.encoder(x)
        z = posterior.sample()
        return self.decoder(z), posterior

    def loss(self, x):
        logits, posterior = self(x)
        recon = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
        prior = Normal(torch.zeros_like(posterior.loc), torch.ones_like(posterior.scale))
        kl = kl_divergence(posterior, prior).sum(1)
        return (recon + kl).mean(), recon.mean(), kl.mean()


train, test = images("train-images-idx3-ubyte.gz", 12000), images("t10k-images-idx3-ubyte.gz", 1000)
vae = VAE()
optimizer = torch.optim.Adam(vae.parameters(), lr=1e-3)
for epoch in range(6):
    perm = torch.randperm(len(train))
    stats = []
    for idx in perm.split(100):
        optimizer.zero_grad()
        loss, recon, kl = vae.loss(train[idx])
        loss.backward()
        optimizer.step()
        stats.append((recon.item(), kl.item()))
    r, k = np.mean(stats, axis=0)
    print(f"epoch {epoch}: recon {r:.2f}  kl {k:.2f}")

with torch.no_grad():
    loss, recon, kl = vae.loss(test)
print(f"test -ELBO {loss.item():.2f} (recon {recon.item():.2f}, kl {kl.item():.2f})")
