# Self-normalising net on a tabular two-class problem, numbers for the seminar report
import torch
from torch import nn
from torch.utils.data import TensorDataset, DataLoader
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.set_num_threads(1)
torch.manual_seed(33)

X, y = load_breast_cancer(return_X_y=True)
Xa, Xb, ya, yb = train_test_split(X, y, test_size=0.3, random_state=33, stratify=y)
sc = StandardScaler()
Xa, Xb = sc.fit_transform(Xa), sc.transform(Xb)
f = lambda a: torch.tensor(a, dtype=torch.float32)
loader = DataLoader(TensorDataset(f(Xa), f(ya)), batch_size=32, shuffle=True, drop_last=True)

layers = []
sizes = [30, 32, 32, 32, 32, 32, 32]
for i, o in zip(sizes[:-1], sizes[1:]):
    lin = nn.Linear(i, o)
    nn.init.normal_(lin.weight, std=i ** -0.5)
    nn.init.zeros_(lin.bias)
    layers += [lin, nn.SELU(), nn.AlphaDropout(0.05)]
last = nn.Linear(32, 1)
nn.init.normal_(last.weight, std=32 ** -0.5)
nn.init.zeros_(last.bias)
model = nn.Sequential(*layers, last, nn.Sigmoid(), nn.Flatten(0))

opt = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-3)
bce = nn.BCELoss()
ema = None
for epoch in range(40):
    model.train()
    for xb, yb_ in loader:
        opt.zero_grad()
        loss = bce(model(xb), yb_)
        loss.backward()
        opt.step()
        ema = loss.item() if ema is None else 0.95 * ema + 0.05 * loss.item()
    if epoch % 8 == 7:
        print('epoch', epoch + 1, 'smoothed loss', round(ema, 4))

model.eval()
with torch.no_grad():
    p = model(f(Xb))
print('accuracy', ((p > 0.5).float() == f(yb)).float().mean().item(), 'majority class', max(yb.mean(), 1 - yb.mean()))
