# self-normalizing net on a synthetic tabular task (Kaggle-like), with checkpoint of the best epoch
import copy

import torch
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(8)
X, y = make_classification(n_samples=4000, n_features=30, n_informative=14, n_redundant=4,
                           n_classes=4, n_clusters_per_class=2, class_sep=1.4, random_state=8)
X_tr, X_va, y_tr, y_va = train_test_split(X, y, test_size=0.25, random_state=8, stratify=y)
sc = StandardScaler().fit(X_tr)
X_tr = torch.tensor(sc.transform(X_tr), dtype=torch.float32)
X_va = torch.tensor(sc.transform(X_va), dtype=torch.float32)
y_tr, y_va = torch.tensor(y_tr), torch.tensor(y_va)
loader = DataLoader(TensorDataset(X_tr, y_tr), batch_size=100, shuffle=True)


class SNN(nn.Module):
    def __init__(self, n_in, n_out, width=64, depth=16):
        super().__init__()
        self.layers = nn.ModuleList()
        prev = n_in
        for _ in range(depth):
            self.layers.append(nn.Linear(prev, width))
            prev = width
        self.act = nn.SELU()
        self.head = nn.Linear(prev, n_out)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.zeros_(m.bias)

    def forward(self, x):
        for layer in self.layers:
            x = self.act(layer(x))
        return self.head(x)


model = SNN(30, 4)
opt = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
loss_fn = nn.CrossEntropyLoss()
best_acc, best_loss, best_state = 0.0, 1e9, None

for epoch in range(10):
    model.train()
    tot = 0.0
    for xb, yb in loader:
        opt.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        opt.step()
        tot += loss.item()
    model.eval()
    with torch.no_grad():
        out = model(X_va)
        vl = loss_fn(out, y_va).item()
        acc = (out.argmax(1) == y_va).float().mean().item()
    if vl < best_loss:
        best_acc, best_loss = acc, vl
        best_state = copy.deepcopy(model.state_dict())
    print(f"epoch {epoch:2d} train {tot / len(loader):.4f} val {vl:.4f} acc {acc:.4f}")

model.load_state_dict(best_state)
print(f"best val loss {best_loss:.4f} acc {best_acc:.4f}")
