"""Diabetes progression (sklearn) with a configurable MLP regressor, 5-fold CV style split."""
from dataclasses import dataclass, field
from typing import List

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler


@dataclass
class HParams:
    layers: List[int] = field(default_factory=lambda: [32, 16])
    lr: float = 3e-3
    weight_decay: float = 1e-2
    epochs: int = 60
    batch_size: int = 32
    folds: int = 5
    seed: int = 0


def make_mlp(in_dim, layers, out_dim=1):
    dims = [in_dim] + list(layers) + [out_dim]
    modules = []
    for d_in, d_out in zip(dims[:-1], dims[1:]):
        modules.append(nn.Linear(d_in, d_out))
        modules.append(nn.ReLU())
    return nn.Sequential(*modules)


def fit_fold(X, y, tr, va, hp):
    xs, ys = StandardScaler().fit(X[tr]), StandardScaler().fit(y[tr])
    t = lambda s, a: torch.tensor(s.transform(a), dtype=torch.float32)
    xtr, ytr, xva, yva = t(xs, X[tr]), t(ys, y[tr]), t(xs, X[va]), t(ys, y[va])

    model = make_mlp(X.shape[1], hp.layers)
    opt = torch.optim.AdamW(model.parameters(), lr=hp.lr, weight_decay=hp.weight_decay)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=hp.epochs)
    loss_fn = nn.MSELoss()
    for epoch in range(hp.epochs):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(xtr)).split(hp.batch_size):
            opt.zero_grad()
            loss = loss_fn(model(xtr[idx]), ytr[idx])
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        sched.step()
        if (epoch + 1) % 20 == 0:
            print(f"    epoch {epoch + 1:3d}  train mse {total / len(xtr):.4f}")

    model.eval()
    with torch.no_grad():
        pred = model(xva)
        mse = loss_fn(pred, yva).item()
    r2 = 1 - mse / yva.var(unbiased=False).item()
    return mse, r2


def main():
    hp = HParams()
    torch.manual_seed(hp.seed)
    np.random.seed(hp.seed)
    X, y = load_diabetes(return_X_y=True, scaled=False)
    y = y.reshape(-1, 1)
    scores = []
    kf = KFold(hp.folds, shuffle=True, random_state=hp.seed)
    for k, (tr, va) in enumerate(kf.split(X)):
        mse, r2 = fit_fold(X, y, tr, va, hp)
        scores.append((mse, r2))
        print(f"fold {k}: val mse {mse:.4f}  R2 {r2:.3f}")
    m = np.mean(scores, axis=0)
    print(f"CV mean: mse {m[0]:.4f}  R2 {m[1]:.3f}")


if __name__ == "__main__":
    main()
