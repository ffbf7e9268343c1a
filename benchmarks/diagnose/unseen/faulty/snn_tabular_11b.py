"""Self-normalising classifier for a 30-column table."""
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler

torch.set_num_threads(1)
torch.manual_seed(5)

X, y = make_classification(n_samples=5000, n_features=30, n_informative=12, n_classes=4, n_clusters_per_class=3,
                           class_sep=1.8, flip_y=0.01, random_state=9)
X = StandardScaler().fit_transform(X)
X = torch.tensor(X, dtype=torch.float32)
y = torch.tensor(y)
Xtr, ytr, Xva, yva = X[:4000], y[:4000], X[4000:], y[4000:]


def build(depth=26, width=48):
    mods = []
    d = 30
    for _ in range(depth):
        lin = nn.Linear(d, width)
        nn.init.xavier_normal_(lin.weight, gain=0.5)
        nn.init.zeros_(lin.bias)
        mods += [lin, nn.SELU()]
        d = width
    return nn.Sequential(*mods, nn.Linear(d, 4))


net = build()
opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
for epoch in range(8):
    net.train()
    for i in torch.randperm(len(Xtr)).split(50):
        loss = nn.functional.cross_entropy(net(Xtr[i]), ytr[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        acc = (net(Xva).argmax(1) == yva).float().mean().item()
    print(f"epoch {epoch + 1}: loss {loss.item():.4f} val_acc {acc:.4f}")
print(f"final val_acc {acc:.4f}")
