"""Variational autoencoder on the 8x8 digits."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.distributions import Normal, kl_divergence

SEED = 0
LATENT = 8
EPOCHS = 40
BATCH = 64


class Encoder(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU())
        self.mu = nn.Linear(64, latent)
        self.log_std = nn.Linear(64, latent)

    def forward(self, x):
        h = self.net(x)
        return Normal(self.mu(h), self.log_std(h).clamp(-5, 2).exp())


class Decoder(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(latent, 64), nn.ReLU(),
            nn.Linear(64, 128), nn.ReLU(),
            nn.Linear(128, 64),
        )

    def forward(self, z):
        return self.net(z)


class VAE(nn.Module):
    def __init__(self, latent=LATENT):
        super().__init__()
        self.encoder = Encoder(latent)
        self.decoder = Decoder(latent)
        self.register_buffer("zero", torch.zeros(latent))
        self.register_buffer("one", torch.ones(latent))

    def forward(self, x):
        posterior = self.encoder(x)
        z = posterior.sample()
        logits = self.decoder(z)
        rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
        kl = kl_divergence(posterior, Normal(self.zero, self.one)).sum(1)
        return rec.mean(), kl.mean()


def main():
    torch.manual_seed(SEED)
    x = torch.tensor(load_digits().data, dtype=torch.float32) / 16.0
    x = x[torch.randperm(len(x))]
    train, val = x[:1500], x[1500:]
    vae = VAE()
    opt = torch.optim.Adam(vae.parameters(), lr=2e-3)
    for epoch in range(1, EPOCHS + 1):
        vae.train()
        beta = min(1.0, epoch / 10)
        for idx in torch.randperm(len(train)).split(BATCH):
            rec, kl = vae(train[idx])
            loss = rec + beta * kl
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 5 == 0:
            vae.eval()
            with torch.no_grad():
                rec, kl = vae(val)
            print(f"epoch {epoch:3d}  val rec {rec:.3f}  kl {kl:.3f}  -elbo {rec + kl:.3f}")
    print(f"final val rec {rec:.3f} -elbo {rec + kl:.3f}")


if __name__ == "__main__":
    main()
