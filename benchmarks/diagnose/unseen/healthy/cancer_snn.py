import torch
from torch import nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(7)
X, y = load_breast_cancer(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X, y, random_state=7, stratify=y)
scaler = StandardScaler().fit(Xtr)
Xtr = torch.tensor(scaler.transform(Xtr)).float()
Xte = torch.tensor(scaler.transform(Xte)).float()
ytr, yte = torch.tensor(ytr).float(), torch.tensor(yte).float()


def snn(sizes, p=0.05):
    layers = []
    for a, b in zip(sizes[:-1], sizes[1:]):
        lin = nn.Linear(a, b)
        nn.init.normal_(lin.weight, std=a ** -0.5)     # LeCun normal
        nn.init.zeros_(lin.bias)
        layers += [lin, nn.SELU(), nn.AlphaDropout(p)]
    last = nn.Linear(sizes[-1], 1)
    nn.init.normal_(last.weight, std=sizes[-1] ** -0.5)
    nn.init.zeros_(last.bias)
    return nn.Sequential(*layers, last)


model = snn([30] + [64] * 8)
criterion = nn.BCEWithLogitsLoss(pos_weight=(ytr == 0).sum() / (ytr == 1).sum())
optim = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
for epoch in range(60):
    model.train()
    for idx in torch.randperm(len(Xtr)).split(32):
        optim.zero_grad()
        loss = criterion(model(Xtr[idx]).squeeze(-1), ytr[idx])
        loss.backward()
        optim.step()
    if (epoch + 1) % 10 == 0:
        model.eval()
        with torch.no_grad():
            pred = (model(Xte).squeeze(-1) > 0).float()
        print(epoch + 1, "train loss %.4f" % loss.item(), "test acc %.3f" % (pred == yte).float().mean().item())
