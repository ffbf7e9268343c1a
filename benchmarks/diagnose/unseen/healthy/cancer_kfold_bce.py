# breast cancer, 3 folds, sigmoid + BCELoss, early stopping with reload
import copy

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import StratifiedKFold
from torch import nn

np.random.seed(4)
torch.manual_seed(4)

X, y = load_breast_cancer(return_X_y=True)
X, y = X.astype("float32"), y.astype("float32")
print("shape", X.shape, "positive share", round(float(y.mean()), 3))

oof = np.zeros(len(y))
for fold, (tr, va) in enumerate(StratifiedKFold(3, shuffle=True, random_state=4).split(X, y)):
    mean, std = X[tr].mean(axis=0), X[tr].std(axis=0) + 1e-7
    x_tr = torch.from_numpy((X[tr] - mean) / std)
    x_va = torch.from_numpy((X[va] - mean) / std)
    t_tr = torch.from_numpy(y[tr]).view(-1, 1)
    t_va = torch.from_numpy(y[va]).view(-1, 1)

    model = nn.Sequential(
        nn.Linear(30, 24),
        nn.ReLU(),
        nn.Linear(24, 12),
        nn.ReLU(),
        nn.Linear(12, 1),
        nn.Sigmoid(),
    )
    optimizer = torch.optim.NAdam(model.parameters(), lr=2e-3)
    bce = nn.BCELoss()

    best_loss = np.inf
    best_weights = copy.deepcopy(model.state_dict())
    bad_epochs = 0
    step = 0
    for epoch in range(80):
        model.train()
        order = torch.randperm(len(x_tr))
        epoch_loss = 0.0
        for i in range(0, len(order), 32):
            b = order[i:i + 32]
            optimizer.zero_grad()
            prob = model(x_tr[b])
            loss = bce(prob, t_tr[b])
            loss.backward()
            optimizer.step()
            epoch_loss += loss.item() * len(b)
            step += 1
        model.eval()
        with torch.no_grad():
            val_loss = bce(model(x_va), t_va).item()
        if val_loss < best_loss:
            best_loss = val_loss
            best_weights = copy.deepcopy(model.state_dict())
            bad_epochs = 0
        else:
            bad_epochs += 1
        if epoch % 10 == 0:
            print(f"fold {fold} epoch {epoch} loss {epoch_loss / len(order):.4f} val {val_loss:.4f}")
        if bad_epochs == 15:
            print(f"fold {fold} stopped at epoch {epoch} (step {step})")
            break
    model.load_state_dict(best_weights)
    model.eval()
    with torch.no_grad():
        oof[va] = model(x_va).squeeze(1).numpy()
    print(f"fold {fold} best val loss {best_loss:.4f}")

acc = ((oof > 0.5) == y).mean()
print("oof accuracy", round(float(acc), 4), "all-positive baseline", round(float(y.mean()), 4))
