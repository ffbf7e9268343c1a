import gzip
import torch
import numpy as np
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
raw = gzip.open("../shared/data/MNIST/raw/train-images-idx3-ubyte.gz").read()
imgs = torch.from_numpy(np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 784)[:7000].copy()).float() / 255
train, test = imgs[:6000], imgs[6000:]


class VAE(nn.Module):
    def __init__(self, z=8, h=200):
        super().__init__()
        self.enc, self.bn = nn.Linear(784, h), nn.BatchNorm1d(h)
        self.mu, self.logvar = nn.Linear(h, z), nn.Linear(h, z)
        nn.init.normal_(self.logvar.weight, std=0.01)
        self.dec1, self.dec2 = nn.Linear(z, h), nn.Linear(h, 784)

    def forward(self, x):
        h = F.relu(self.bn(self.enc(x)))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp() if self.training else mu
        return torch.sigmoid(self.dec2(F.relu(self.dec1(z)))), mu, logvar


def elbo(x, xhat, mu, logvar):
    bce = F.binary_cross_entropy(xhat, x, reduction="sum")
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum()
    return bce + kl            # summed over batch and pixels, as in the classic example


model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=8e-4)
base = F.binary_cross_entropy(train.mean(0).expand_as(test), test, reduction="sum") / len(test)
print("mean image baseline", base.item())
for epoch in range(11):
    model.train()
    tot = 0
    for idx in torch.randperm(len(train)).split(100):
        x = train[idx]
        optimizer.zero_grad()
        loss = elbo(x, *model(x))
        loss.backward()
        tot += loss.item()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        xhat, mu, lv = model(test)
        rec = F.binary_cross_entropy(xhat, test, reduction="sum") / len(test)
        kl_dim = (-0.5 * (1 + lv - mu ** 2 - lv.exp())).mean(0)
    print(f"epoch {epoch} -elbo {tot / len(train):.2f} test rec {rec:.2f} kl/dim {[round(v, 1) for v in kl_dim.tolist()]}")
