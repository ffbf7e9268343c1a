"""Port of my old Keras wine notebook: 4-fold CV, sigmoid hidden layers."""
import copy

import numpy as np
import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedKFold
from torch import nn

np.random.seed(0)
torch.manual_seed(0)


class Dense(nn.Module):
    def __init__(self, n_in, units, activation=None):
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(n_in, units))
        self.bias = nn.Parameter(torch.zeros(units))
        nn.init.xavier_uniform_(self.kernel)
        self.activation = activation

    def forward(self, x):
        x = x @ self.kernel + self.bias
        if self.activation == "sigmoid":
            return torch.sigmoid(x)
        return x


def build_model():
    return nn.Sequential(
        Dense(13, 32, "sigmoid"),
        Dense(32, 16, "sigmoid"),
        Dense(16, 3),
    )


wine = load_wine()
X = wine.data.astype(np.float32)
Y = wine.target.astype(np.int64)
print("X", X.shape, "classes", np.bincount(Y))

skf = StratifiedKFold(n_splits=4, shuffle=True, random_state=1)
scores, val_losses = [], []
for fold, (tr, va) in enumerate(skf.split(X, Y)):
    x_tr = torch.tensor(X[tr])
    x_va = torch.tensor(X[va])
    y_tr, y_va = torch.tensor(Y[tr]), torch.tensor(Y[va])

    model = build_model()
    opt = torch.optim.RMSprop(model.parameters(), lr=0.003)
    criterion = nn.CrossEntropyLoss()
    best, best_state, wait = float("inf"), None, 0
    for epoch in range(80):
        model.train()
        perm = torch.randperm(len(x_tr))
        for i in range(0, len(perm), 16):
            b = perm[i:i + 16]
            opt.zero_grad()
            loss = criterion(model(x_tr[b]), y_tr[b])
            loss.backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            val = criterion(model(x_va), y_va).item()
        if val < best - 1e-4:
            best, wait = val, 0
            best_state = copy.deepcopy(model.state_dict())
        else:
            wait += 1
        if epoch % 20 == 0:
            print(f"fold {fold} epoch {epoch:3d} loss {loss.item():.4f} val_loss {val:.4f}")
        if wait >= 25:
            print(f"fold {fold} early stop at epoch {epoch}")
            break
    model.load_state_dict(best_state)
    with torch.no_grad():
        acc = (model(x_va).argmax(1) == y_va).float().mean().item()
    scores.append(acc)
    val_losses.append(best)
    print(f"fold {fold}: acc {acc:.4f}, best val_loss {best:.4f}")

print(f"CV acc {np.mean(scores):.4f} +- {np.std(scores):.4f}  val_loss {np.mean(val_losses):.4f}")
