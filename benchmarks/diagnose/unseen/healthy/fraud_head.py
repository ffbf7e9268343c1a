"""Rare-event detection: two small heads on a shared trunk, one trained with BCELoss, one with a hand-written NLL."""
import torch
from torch import nn
from sklearn.datasets import make_classification
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

X, y = make_classification(8000, 20, n_informative=8, n_redundant=4, n_clusters_per_class=3, weights=[0.95],
                           class_sep=1.2, flip_y=0.005, random_state=5)
a, b, ya, yb = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
mu, sd = a.mean(0), a.std(0)
a, b = torch.tensor((a - mu) / sd).float(), torch.tensor((b - mu) / sd).float()
ya, yb = torch.tensor(ya), torch.tensor(yb)


class TwoHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(20, 64), nn.Mish(), nn.Linear(64, 64), nn.Mish())
        self.risk = nn.Linear(64, 1)
        self.cls = nn.Linear(64, 2)

    def forward(self, x):
        h = self.trunk(x)
        return torch.sigmoid(self.risk(h)).squeeze(1), torch.softmax(self.cls(h), dim=1)


def objective(risk, probs, target):
    weight = torch.where(target == 1, 8.0, 1.0)
    bce = nn.functional.binary_cross_entropy(risk, target.float(), weight=weight)
    nll = -torch.log(probs.gather(1, target[:, None]).squeeze(1).clamp(min=1e-7))
    return bce + nll.mean()


torch.manual_seed(0)
model = TwoHead()
nn.init.constant_(model.risk.bias, -1.5)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
for epoch in range(25):
    model.train()
    for idx in torch.randperm(len(a)).split(100):
        loss = objective(*model(a[idx]), ya[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        model.eval()
        with torch.no_grad():
            risk, probs = model(b)
        print(f"epoch {epoch + 1} loss {loss.item():.3f} auc risk {roc_auc_score(yb, risk):.3f} "
              f"auc softmax {roc_auc_score(yb, probs[:, 1]):.3f} median risk {risk.median():.4f}")
