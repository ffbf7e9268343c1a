"""Binary classifier trained until the loss is tiny (sigmoid output, BCELoss)."""
import torch
from sklearn.datasets import make_moons
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(10)

X, y = make_moons(1200, noise=0.05, random_state=1)
X = torch.tensor(X, dtype=torch.float32)
X = (X - X.mean(0)) / X.std(0)
y = torch.tensor(y, dtype=torch.float32).unsqueeze(1)
Xtr, ytr, Xte, yte = X[:900], y[:900], X[900:], y[900:]

net = nn.Sequential(
    nn.Linear(2, 64),
    nn.LeakyReLU(0.1),
    nn.Linear(64, 64),
    nn.LeakyReLU(0.1),
    nn.Linear(64, 1),
    nn.Sigmoid(),
)
criterion = nn.BCELoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

for epoch in range(150):
    net.train()
    perm = torch.randperm(len(Xtr))
    for i in range(0, len(Xtr), 30):
        b = perm[i:i + 30]
        optimizer.zero_grad()
        loss = criterion(net(Xtr[b]), ytr[b])
        loss.backward()
        optimizer.step()
    if (epoch + 1) % 15 == 0:
        net.eval()
        with torch.no_grad():
            p = net(Xte)
            acc = ((p > 0.5).float() == yte).float().mean().item()
            tr = criterion(net(Xtr), ytr).item()
        print(f"epoch {epoch + 1}: train loss {tr:.2e} test acc {acc:.4f} (majority {max(yte.mean().item(), 1 - yte.mean().item()):.3f})")
