import torch
import torch.nn as nn
from sklearn.datasets import make_moons
from torch.utils.data import TensorDataset, DataLoader

torch.manual_seed(0)
X, y = make_moons(n_samples=1000, noise=0.1, random_state=0)
X = torch.FloatTensor(X)
y = torch.LongTensor(y)
dl = DataLoader(TensorDataset(X[:800], y[:800]), batch_size=32, shuffle=True)

model = nn.Sequential(
    nn.Linear(2, 64),
    nn.Linear(64, 64),
    nn.Linear(64, 2),
)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

for epoch in range(10):
    for xb, yb in dl:
        optimizer.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        optimizer.step()
with torch.no_grad():
    out = model(X[800:])
    print("val loss", loss_fn(out, y[800:]).item())
    print("val acc", (out.argmax(1) == y[800:]).float().mean().item())
