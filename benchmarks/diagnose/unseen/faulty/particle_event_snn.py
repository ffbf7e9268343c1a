import numpy as np
import torch
from torch import nn
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(8)
X, y = make_classification(n_samples=5000, n_features=28, n_informative=14, n_redundant=6,
                           n_classes=5, n_clusters_per_class=3, class_sep=1.6, random_state=8)
Xa, Xb, ya, yb = train_test_split(X, y, test_size=0.25, random_state=8)
scaler = StandardScaler()
Xa = torch.tensor(scaler.fit_transform(Xa), dtype=torch.float32)
Xb = torch.tensor(scaler.transform(Xb), dtype=torch.float32)
ya, yb = torch.tensor(ya), torch.tensor(yb)


class SelfNormalizingNet(nn.Module):
    def __init__(self, n_in, n_out, width=64, depth=16, p=0.02):
        super().__init__()
        layers = []
        for i in range(depth):
            layers += [nn.Linear(n_in if i == 0 else width, width), nn.SELU(), nn.AlphaDropout(p)]
        layers.append(nn.Linear(width, n_out))
        self.net = nn.Sequential(*layers)

    def forward(self, x):
        return self.net(x)


model = SelfNormalizingNet(28, 5)
opt = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
crit = nn.CrossEntropyLoss()
EPOCHS = 20
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, EPOCHS)
for ep in range(EPOCHS):
    model.train()
    losses = []
    for ids in torch.randperm(len(Xa)).split(64):
        loss = crit(model(Xa[ids]), ya[ids])
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    sched.step()
    model.eval()
    with torch.no_grad():
        acc = (model(Xb).argmax(1) == yb).float().mean().item()
    print(f"epoch {ep + 1} loss {np.mean(losses):.4f} acc {acc:.4f}")
print(f"test_acc {acc:.4f}")
