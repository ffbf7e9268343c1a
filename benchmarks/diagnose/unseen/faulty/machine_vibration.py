import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(5)
torch.manual_seed(5)


def make_set(n, length=96):
    t = np.arange(length)
    y = rng.integers(0, 3, n)
    base = rng.uniform(280, 320, (n, 1))
    freq = np.array([0.05, 0.09, 0.13])[y][:, None] * rng.uniform(0.9, 1.1, (n, 1))
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    sig = base + 12 * np.sin(2 * np.pi * freq * t + phase) + 6 * rng.normal(size=(n, length))
    return torch.tensor(sig[:, None], dtype=torch.float32), torch.tensor(y)


x_tr, y_tr = make_set(1200)
x_te, y_te = make_set(400)

net = nn.Sequential(
    nn.Conv1d(1, 16, 9, stride=2, padding=4),
    nn.Hardtanh(),
    nn.Conv1d(16, 32, 5, stride=2, padding=2),
    nn.Hardtanh(),
    nn.AdaptiveAvgPool1d(8),
    nn.Flatten(),
    nn.Linear(256, 3),
)
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
loader = DataLoader(TensorDataset(x_tr, y_tr), batch_size=50, shuffle=True)

for epoch in range(8):
    running = 0
    for xb, yb in loader:
        loss = nn.functional.cross_entropy(net(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        running += loss.item()
    print(f"{epoch:02d} {running / len(loader):.4f}")

net.eval()
with torch.no_grad():
    print("test acc", (net(x_te).argmax(1) == y_te).float().mean().item())
