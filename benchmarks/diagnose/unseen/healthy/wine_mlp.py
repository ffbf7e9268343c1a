import torch, torch.nn as nn
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(3)
X, y = load_wine(return_X_y=True)
Xa, Xb, ya, yb = train_test_split(X, y, test_size=0.25, random_state=0, stratify=y)
sc = StandardScaler().fit(Xa)
Xa, Xb = (torch.tensor(sc.transform(v), dtype=torch.float32) for v in (Xa, Xb))
ya, yb = torch.tensor(ya), torch.tensor(yb)

net = nn.Sequential(
    nn.Linear(13, 32), nn.ReLU(),
    nn.Linear(32, 32), nn.ReLU(),
    nn.Linear(32, 3),
)
crit = nn.CrossEntropyLoss()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)

for step in range(2500):          # full batch, far past convergence
    opt.zero_grad()
    loss = crit(net(Xa), ya)
    loss.backward()
    opt.step()
    if step % 250 == 0 or step == 2499:
        gn = sum(p.grad.pow(2).sum() for p in net.parameters()).sqrt()
        with torch.no_grad():
            acc = (net(Xb).argmax(1) == yb).double().mean()
        print(f"{step:5d} loss {loss.item():.2e} |g| {gn:.2e} val acc {acc:.3f}")
