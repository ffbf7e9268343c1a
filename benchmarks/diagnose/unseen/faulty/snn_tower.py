"""Self-normalising network (Klambauer et al. 2017), deep tower on digits."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split

torch.manual_seed(6)
DEPTH, WIDTH = 20, 64


def build(d_in, d_out):
    layers, d = [], d_in
    for _ in range(DEPTH):
        layers += [nn.Linear(d, WIDTH), nn.SELU()]
        d = WIDTH
    layers.append(nn.Linear(d, d_out))
    net = nn.Sequential(*layers)
    for m in net:
        if isinstance(m, nn.Linear):
            nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
            nn.init.zeros_(m.bias)
    return net


X, y = load_digits(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.3, random_state=6, stratify=y)
sc = StandardScaler().fit(Xtr)
Xtr = torch.tensor(sc.transform(Xtr), dtype=torch.float32)
Xte = torch.tensor(sc.transform(Xte), dtype=torch.float32)
ytr, yte = torch.tensor(ytr), torch.tensor(yte)

net = build(64, 10)
opt = torch.optim.SGD(net.parameters(), lr=0.005, momentum=0.9)
epochs = 25
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, epochs)
for ep in range(epochs):
    net.train()
    tot = 0.0
    for b in torch.randperm(len(Xtr)).split(64):
        loss = F.cross_entropy(net(Xtr[b]), ytr[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item() * len(b)
    sched.step()
    if ep % 3 == 0 or ep == epochs - 1:
        net.eval()
        with torch.no_grad():
            out = net(Xte)
        print(f"epoch {ep:2d} train {tot / len(Xtr):.4f} test {F.cross_entropy(out, yte):.4f} "
              f"acc {(out.argmax(1) == yte).float().mean():.4f}")
