import numpy as np
import torch
from sklearn.datasets import load_wine

np.random.seed(0)
torch.manual_seed(0)
data = load_wine()
perm = np.random.permutation(len(data.target))
X = torch.tensor(data.data[perm], dtype=torch.float)
Y = torch.tensor(data.target[perm])
Xtr, Ytr, Xva, Yva = X[:130], Y[:130], X[130:], Y[130:]


class Classifier(torch.nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.lin1 = torch.nn.Linear(13, hidden)
        self.lin2 = torch.nn.Linear(hidden, hidden)
        self.lin3 = torch.nn.Linear(hidden, 3)

    def forward(self, x):
        h = torch.tanh(self.lin1(x))
        h = torch.tanh(self.lin2(h))
        return self.lin3(h)


clf = Classifier()
opt = torch.optim.Adam(clf.parameters(), lr=3e-3)
for epoch in range(60):
    for k in range(0, 130, 26):
        xb, yb = Xtr[k:k + 26], Ytr[k:k + 26]
        loss = torch.nn.functional.cross_entropy(clf(xb), yb)
        opt.zero_grad(); loss.backward(); opt.step()
    if epoch % 15 == 14:
        with torch.no_grad():
            va = (clf(Xva).argmax(1) == Yva).float().mean().item()
        print(f"epoch {epoch+1:3d}  train loss {loss.item():.3f}  val acc {va:.3f}")
