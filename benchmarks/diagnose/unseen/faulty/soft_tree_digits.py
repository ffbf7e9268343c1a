"""Soft decision tree (Frosst & Hinton 2017), depth 5, on the 8x8 digits.

Every inner node i sends a sample to the right with probability p_i = sigma(beta * (x.w_i + b_i));
every leaf owns a distribution over classes.  Loss: path-weighted cross entropy + the paper's
balance penalty.  Tensors only, no modules.
"""
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.set_num_threads(1)
rng = torch.Generator().manual_seed(42)

DEPTH, CLASSES = 5, 10
BETA = 25.0
PENALTY = 0.1
INNER, LEAVES = 2 ** DEPTH - 1, 2 ** DEPTH

X, y = load_digits(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X.astype(np.float32), y, test_size=0.3, random_state=0, stratify=y)
Xtr, Xte = torch.from_numpy(Xtr), torch.from_numpy(Xte)
ytr, yte = torch.from_numpy(ytr), torch.from_numpy(yte)

W = (torch.randn(X.shape[1], INNER, generator=rng) / X.shape[1] ** 0.5).requires_grad_()
b = torch.zeros(INNER, requires_grad=True)
Q = (0.1 * torch.randn(LEAVES, CLASSES, generator=rng)).requires_grad_()


def gates(x):
    return torch.sigmoid(BETA * (x @ W + b))


def path_probs(p):
    """returns (leaf probabilities, list of the reach probabilities of the inner levels)"""
    reach = p.new_ones(p.size(0), 1)
    levels, start = [], 0
    for d in range(DEPTH):
        levels.append(reach)
        g = p[:, start:start + 2 ** d]
        reach = torch.stack([reach * (1 - g), reach * g], 2).flatten(1)
        start += 2 ** d
    return reach, torch.cat(levels, 1)


def loss_fn(x, t):
    p = gates(x)
    leaf, reach = path_probs(p)
    logq = torch.log_softmax(Q, 1)[:, t].t()          # (batch, leaves)
    nll = -(leaf * logq).sum(1).mean()
    alpha = ((reach * p).sum(0) / (reach.sum(0) + 1e-6)).clamp(1e-4, 1 - 1e-4)
    decay = torch.cat([torch.full((2 ** d,), 2.0 ** -d) for d in range(DEPTH)])
    pen = -(decay * 0.5 * (alpha.log() + (1 - alpha).log())).sum()
    return nll + PENALTY * pen, nll


@torch.no_grad()
def accuracy(x, t):
    leaf, _ = path_probs(gates(x))
    return (torch.softmax(Q, 1)[leaf.argmax(1)].argmax(1) == t).float().mean().item()


opt = torch.optim.Adam([{"params": [W, b], "lr": 0.01}, {"params": [Q], "lr": 0.05}])
for epoch in range(40):
    perm = torch.randperm(len(Xtr), generator=rng)
    run = 0.0
    for i in range(0, len(perm), 64):
        k = perm[i:i + 64]
        loss, nll = loss_fn(Xtr[k], ytr[k])
        opt.zero_grad()
        loss.backward()
        opt.step()
        run += nll.item() * len(k)
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1:3d}  nll {run / len(perm):.4f}  test acc {accuracy(Xte, yte):.4f}")
print("test accuracy:", round(accuracy(Xte, yte), 4))
