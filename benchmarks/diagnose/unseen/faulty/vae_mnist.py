# Variational auto-encoder for digits
import gzip, numpy as np, torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(1)
raw = gzip.open("../shared/data/MNIST/raw/train-images-idx3-ubyte.gz").read(16 + 6000 * 784)
pixels = torch.from_numpy(np.frombuffer(raw, np.uint8, offset=16).astype("float32")).view(-1, 784)
train = pixels[:5000]
test = pixels[5000:]


class VAE(nn.Module):
    def __init__(self, z=16):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU())
        self.mu = nn.Linear(128, z)
        self.logvar = nn.Linear(128, z)
        self.dec = nn.Sequential(nn.Linear(z, 256), nn.ReLU(), nn.Linear(256, 784))
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.kaiming_normal_(m.weight)

    def forward(self, x):
        h = self.enc(x)
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        return self.dec(z), mu, logvar


def loss_fn(logits, x, mu, logvar):
    rec = F.binary_cross_entropy_with_logits(logits, (x > x.max() / 2).float(), reduction="sum")
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum()
    return (rec + kl) / len(x)


vae = VAE()
optimizer = torch.optim.Adam(vae.parameters(), lr=1e-3)
for epoch in range(3):
    for xb in train[torch.randperm(len(train))].split(100):
        optimizer.zero_grad()
        loss = loss_fn(*[(o := vae(xb))[0], xb, o[1], o[2]])
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "elbo", loss.item())
with torch.no_grad():
    out, mu, lv = vae(test)
    print("test elbo", loss_fn(out, test, mu, lv).item())
