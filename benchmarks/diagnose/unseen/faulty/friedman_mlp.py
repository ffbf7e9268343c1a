import torch
from torch import nn
from sklearn.datasets import make_friedman1


def build_mlp(sizes, slope=1.0):
    layers = []
    for a, b in zip(sizes[:-2], sizes[1:-1]):
        layers += [nn.Linear(a, b), nn.LeakyReLU(slope)]
    layers.append(nn.Linear(sizes[-2], sizes[-1]))
    return nn.Sequential(*layers)


torch.manual_seed(0)
X, y = make_friedman1(2000, n_features=8, noise=0.2, random_state=3)
X = torch.tensor(X, dtype=torch.float32) - 0.5
y = torch.tensor(y, dtype=torch.float32).unsqueeze(1)
y = (y - y.mean()) / y.std()
X_train, y_train, X_test, y_test = X[:1600], y[:1600], X[1600:], y[1600:]

net = build_mlp([8, 64, 64, 32, 1])
opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-4)
loss_fn = nn.SmoothL1Loss()

for epoch in range(14):
    for idx in torch.randperm(1600).split(50):
        opt.zero_grad()
        loss = loss_fn(net(X_train[idx]), y_train[idx])
        loss.backward()
        opt.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")

net.eval()
with torch.no_grad():
    print("test mse", nn.functional.mse_loss(net(X_test), y_test).item())
