# logistic regression with LBFGS, then a ridge-like linear model with strong decay
import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, make_regression

torch.manual_seed(1)
np.random.seed(1)

data = load_breast_cancer()
X = (data.data - data.data.mean(0)) / data.data.std(0)
order = np.random.permutation(len(X))
X = torch.tensor(X[order], dtype=torch.float32)
y = torch.tensor(data.target[order], dtype=torch.float32)
X_tr, y_tr, X_te, y_te = X[:420], y[:420], X[420:], y[420:]

weights = {"w": torch.zeros(30, requires_grad=True), "b": torch.zeros(1, requires_grad=True)}
lbfgs = torch.optim.LBFGS(list(weights.values()), lr=0.5, max_iter=4, history_size=8)


def closure():
    lbfgs.zero_grad()
    z = X_tr @ weights["w"] + weights["b"]
    loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y_tr)
    loss = loss + 0.02 * weights["w"].pow(2).sum()
    loss.backward()
    return loss


for it in range(60):
    loss = lbfgs.step(closure)
    if it % 10 == 0:
        print(f"lbfgs {it:2d} loss {loss.item():.6f} grad {weights['w'].grad.norm().item():.2e}")

with torch.no_grad():
    acc = (((X_te @ weights["w"] + weights["b"]) > 0).float() == y_te).float().mean().item()
print("logreg test acc", round(acc, 4), "majority", round(max(y_te.mean().item(), 1 - y_te.mean().item()), 4))

Xr, yr, coef = make_regression(n_samples=900, n_features=25, n_informative=6, noise=8.0, coef=True, random_state=1)
yr = yr / yr.std()
Xr, yr = torch.tensor(Xr, dtype=torch.float32), torch.tensor(yr, dtype=torch.float32)
lin = torch.nn.Linear(25, 1)
opt = torch.optim.SGD(lin.parameters(), lr=0.1, momentum=0.5, weight_decay=0.03)
for epoch in range(60):
    for idx in torch.randperm(700).split(100):
        opt.zero_grad()
        loss = torch.mean((lin(Xr[idx]).squeeze(1) - yr[idx]) ** 2)
        loss.backward()
        opt.step()
    if epoch % 15 == 0:
        print(f"ridge epoch {epoch} loss {loss.item():.5f}")

with torch.no_grad():
    res = ((lin(Xr[700:]).squeeze(1) - yr[700:]) ** 2).mean().item()
print("ridge test mse", round(res, 5), "variance", round(yr[700:].var().item(), 5), "logreg acc", round(acc, 4))
