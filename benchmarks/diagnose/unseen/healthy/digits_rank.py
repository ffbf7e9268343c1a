"""Linear autoencoder with a narrow code, compared with PCA of the same size (no nonlinearity wanted)."""
import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

torch.manual_seed(0)
X = load_digits().data.astype(np.float32) / 16
X -= X.mean(0)
K = 8
pca = PCA(K).fit(X)
ref = float(((pca.inverse_transform(pca.transform(X)) - X) ** 2).sum(1).mean())

data = torch.from_numpy(X)
encoder = nn.Sequential(nn.Linear(64, 32, bias=False), nn.Linear(32, K, bias=False))
decoder = nn.Sequential(nn.Linear(K, 32, bias=False), nn.Linear(32, 64, bias=False))
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)

for epoch in range(60):
    order = torch.randperm(len(data))
    for k in range(0, len(data), 128):
        xb = data[order[k:k + 128]]
        loss = (decoder(encoder(xb)) - xb).pow(2).sum(dim=1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 9:
        with torch.no_grad():
            err = (decoder(encoder(data)) - data).pow(2).sum(1).mean().item()
        print(f"epoch {epoch + 1}: reconstruction {err:.4f} (PCA optimum {ref:.4f}, "
              f"variance {data.pow(2).sum(1).mean():.4f})")
