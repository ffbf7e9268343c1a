"""PCA by gradient descent: a linear autoencoder with tied weights, compared with sklearn's PCA."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

torch.manual_seed(2)
torch.set_num_threads(1)

X = load_digits().data.astype(np.float32)
X = X - X.mean(0)
Xtr, Xte = X[:1400], X[1400:]
K = 12


class TiedLinearAE(nn.Module):
    def __init__(self, d, k):
        super().__init__()
        self.encoder = nn.Linear(d, 2 * k, bias=False)
        self.bottleneck = nn.Linear(2 * k, k, bias=False)
        nn.init.orthogonal_(self.encoder.weight)
        nn.init.orthogonal_(self.bottleneck.weight)

    def forward(self, x):
        code = self.bottleneck(self.encoder(x))
        back = F.linear(code, self.bottleneck.weight.t())
        return F.linear(back, self.encoder.weight.t()), code


ae = TiedLinearAE(64, K)
opt = torch.optim.LBFGS(ae.parameters(), lr=1.0, max_iter=4, history_size=12, line_search_fn="strong_wolfe")
xt = torch.from_numpy(Xtr)

state = {}


def closure():
    opt.zero_grad()
    rec, _ = ae(xt)
    loss = (rec - xt).pow(2).sum(1).mean()
    loss.backward()
    state["loss"] = loss.item()
    return loss


for it in range(80):
    opt.step(closure)
    if it % 10 == 0:
        print(f"outer step {it:3d}   squared error per digit {state['loss']:.3f}")

with torch.no_grad():
    rec, _ = ae(torch.from_numpy(Xte))
err = float(((rec.numpy() - Xte) ** 2).sum(1).mean())
pca = PCA(K).fit(Xtr)
ref = float(((pca.inverse_transform(pca.transform(Xte)) - Xte) ** 2).sum(1).mean())
print(f"held-out error: autoencoder {err:.3f}, PCA {ref:.3f}, predicting the mean {float((Xte ** 2).sum(1).mean()):.3f}")
