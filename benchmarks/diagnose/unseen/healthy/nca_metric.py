# Neighbourhood components analysis (Goldberger et al. 2004) and a maximally collapsing regulariser:
# a learned Mahalanobis metric M = A^T A, factored as A = A2 A1 (rank 6), fitted with L-BFGS closures.
import numpy as np
import torch
from sklearn.datasets import load_wine

torch.set_num_threads(1)
torch.manual_seed(13)
torch.set_default_dtype(torch.float64)

wine = load_wine()
rng = np.random.RandomState(0)
order = rng.permutation(len(wine.target))
X, y = wine.data[order], torch.tensor(wine.target[order])
nuisance = rng.randn(len(X), 24) * 1.5                    # columns without information
X = np.hstack([(X - X[:110].mean(0)) / X[:110].std(0), nuisance])
X = torch.tensor(X)
xa, ya, xb, yb = X[:110], y[:110], X[110:], y[110:]
same = (ya[:, None] == ya[None, :])

A1 = torch.nn.Parameter(torch.randn(12, X.shape[1]) / X.shape[1] ** 0.5)
A2 = torch.nn.Parameter(torch.randn(6, 12) / 12 ** 0.5)


def embed(x):
    return (x @ A1.t()) @ A2.t()


def nca_loss():
    z = embed(xa)
    d2 = (z[:, None] - z[None]).pow(2).sum(-1)
    d2 = d2.masked_fill(torch.eye(len(z), dtype=torch.bool), float("inf"))
    logp = torch.log_softmax(-d2, 1)
    p_same = torch.logsumexp(logp.masked_fill(~same, float("-inf")), 1)
    return -p_same.mean() + 2e-3 * (A1.pow(2).sum() + A2.pow(2).sum())


def knn(za, zb, k=3):
    n = torch.cdist(zb, za).topk(k, largest=False).indices
    return (ya[n].mode(1).values == yb).double().mean().item()


print("3-NN accuracy on the raw columns: %.4f" % knn(xa, xb))
opt = torch.optim.LBFGS([A1, A2], lr=0.5, max_iter=2, history_size=10, line_search_fn="strong_wolfe")


def closure():
    opt.zero_grad()
    loss = nca_loss()
    loss.backward()
    return loss


for it in range(70):
    loss = opt.step(closure)
    if it % 10 == 0:
        print(f"outer {it:3d}  loss {loss.item():.5f}  |grad| {A1.grad.norm().item():.2e}")

with torch.no_grad():
    za, zb = embed(xa), embed(xb)
    print("singular values of A:", [round(v, 2) for v in torch.linalg.svdvals(A2 @ A1).tolist()])
    print("3-NN accuracy in the learned metric: %.4f" % knn(za, zb))
