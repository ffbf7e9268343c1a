import torch
import torch.nn as nn
from sklearn.datasets import make_friedman1
from torch.utils.data import DataLoader, TensorDataset


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.scale = 1.0
        self.fc1 = nn.Linear(dim, dim)
        self.fc2 = nn.Linear(dim, dim)
        for fc in (self.fc1, self.fc2):
            nn.init.kaiming_normal_(fc.weight, nonlinearity="relu")

    def forward(self, x):
        return x + self.scale * self.fc2(torch.relu(self.fc1(x)))


class TabResNet(nn.Module):
    def __init__(self, n_in, dim=48, blocks=16):
        super().__init__()
        self.stem = nn.Linear(n_in, dim)
        self.blocks = nn.Sequential(*[Block(dim) for _ in range(blocks)])
        self.head = nn.Linear(dim, 1)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x))).squeeze(-1)


torch.manual_seed(0)
X, y = make_friedman1(1500, noise=0.3, random_state=0)
X = torch.tensor(X, dtype=torch.float32) * 2 - 1
y = torch.tensor(y, dtype=torch.float32)
y = (y - y.mean()) / y.std()
train = DataLoader(TensorDataset(X[:1200], y[:1200]), batch_size=64, shuffle=True)

model = TabResNet(10)
opt = torch.optim.AdamW(model.parameters(), lr=1e-3)
for epoch in range(7):
    total = 0
    for xb, yb in train:
        loss = ((model(xb) - yb) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(xb)
    print(f"epoch {epoch + 1:2d} train mse {total / 1200:.4g}")

model.eval()
with torch.no_grad():
    print("test mse", ((model(X[1200:]) - y[1200:]) ** 2).mean().item())
