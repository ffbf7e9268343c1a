# metric learning on digits: pull same-class pairs together, push others apart
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

rng = np.random.RandomState(42)
torch.manual_seed(42)

digits = load_digits()
X = torch.tensor(digits.data / 16.0, dtype=torch.float32)
y = digits.target
perm = rng.permutation(len(X))
tr, te = perm[:1300], perm[1300:]
by_class = [tr[y[tr] == c] for c in range(10)]

embed = nn.ModuleDict({
    "fc1": nn.Linear(64, 64),
    "act": nn.ReLU(),
    "fc2": nn.Linear(64, 2),
})


def encode(x):
    return embed["fc2"](embed["act"](embed["fc1"](x)))


def sample_pairs(n):
    left, right, same = [], [], []
    for _ in range(n):
        c = rng.randint(10)
        a = rng.choice(by_class[c])
        if rng.rand() < 0.5:
            b = rng.choice(by_class[c])
            same.append(1.0)
        else:
            d = (c + rng.randint(1, 10)) % 10
            b = rng.choice(by_class[d])
            same.append(0.0)
        left.append(a)
        right.append(b)
    return np.array(left), np.array(right), torch.tensor(same)


def contrastive(za, zb, same, margin=3.0):
    dist = torch.sqrt(((za - zb) ** 2).sum(dim=1))
    pull = same * dist ** 2
    push = (1 - same) * torch.clamp(margin - dist, min=0) ** 2
    return (pull + push).mean()


def knn_score():
    with torch.no_grad():
        z_tr = encode(X[tr]).numpy()
        z_te = encode(X[te]).numpy()
    z_tr, z_te = np.nan_to_num(z_tr), np.nan_to_num(z_te)
    knn = KNeighborsClassifier(5).fit(z_tr, y[tr])
    return knn.score(z_te, y[te])


optimizer = torch.optim.NAdam(embed.parameters(), lr=2e-3)
print("knn before training", round(knn_score(), 4))
history = []
for it in range(1, 601):
    a, b, same = sample_pairs(64)
    loss = contrastive(encode(X[a]), encode(X[b]), same)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    history.append(loss.item())
    if it % 100 == 0:
        print(f"it {it:4d}  loss {np.mean(history[-50:]):.4f}  knn acc {knn_score():.4f}")

print("final knn acc", round(knn_score(), 4))
