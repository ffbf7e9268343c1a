"""A linear autoencoder finds the principal subspace (Baldi & Hornik) -- digits, 8 components.

Trained to convergence with full batches and a decaying step, then compared with exact PCA.
"""
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

torch.manual_seed(31)
K, STEPS = 8, 3000

X = load_digits().data / 16.0
X = X - X.mean(0)
x = torch.tensor(X, dtype=torch.float32)


class LinearAE(torch.nn.Module):
    def __init__(self, d, k):
        super().__init__()
        self.encode = torch.nn.Linear(d, k, bias=False)
        self.decode = torch.nn.Linear(k, d, bias=False)
        torch.nn.init.orthogonal_(self.encode.weight)
        with torch.no_grad():
            self.decode.weight.copy_(self.encode.weight.t())

    def forward(self, v):
        return self.decode(self.encode(v))


def subspace_overlap(model, components):
    q, _ = torch.linalg.qr(model.decode.weight.detach().double())
    s = np.linalg.svd(components @ q.numpy(), compute_uv=False)
    return float((s**2).mean())


model = LinearAE(64, K)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
pca = PCA(K).fit(X)
exact = float(((X - pca.inverse_transform(pca.transform(X))) ** 2).mean())

for step in range(STEPS):
    recon = model(x)
    loss = (recon - x).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    grad = torch.sqrt(sum(p.grad.pow(2).sum() for p in model.parameters()))
    optimizer.step()
    scheduler.step()
    if step % 500 == 0 or step == STEPS - 1:
        print(
            f"step {step:4d}  mse {loss.item():.6f}  |grad| {grad.item():.2e}"
            f"  overlap {subspace_overlap(model, pca.components_):.4f}"
        )

print(f"variance {float((X ** 2).mean()):.6f}  PCA mse {exact:.6f}  linear AE mse {loss.item():.6f}")
