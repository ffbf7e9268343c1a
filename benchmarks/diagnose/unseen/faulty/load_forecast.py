"""Energy-load regression with a memory-saving low precision model."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(17)
torch.set_num_threads(1)

DTYPE = torch.bfloat16
EPOCHS = 12


def synth(n, rng):
    X = rng.normal(size=(n, 12)).astype(np.float32)
    y = np.sin(2 * X[:, 0]) + 0.7 * X[:, 1] * X[:, 2] + 0.5 * np.abs(X[:, 3]) + 0.3 * X[:, 4]
    y = y + 0.1 * rng.normal(size=n)
    return torch.from_numpy(X), torch.from_numpy(((y - 0.4) / 1.15).astype(np.float32))


class LoadModel(nn.Module):
    def __init__(self, n_in, width=96):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Linear(n_in, width), nn.GELU(),
            nn.LayerNorm(width),
            nn.Linear(width, width), nn.GELU(),
            nn.LayerNorm(width),
        )
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        return self.head(self.trunk(x)).squeeze(-1)


def train_epoch(model, loader, optimizer, loss_fn):
    model.train()
    total, n = 0.0, 0
    for x, y in loader:
        pred = model(x.to(DTYPE))
        loss = loss_fn(pred.float(), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
        n += len(y)
    return total / n


@torch.no_grad()
def r2(model, x, y):
    model.eval()
    pred = model(x.to(DTYPE)).float()
    return 1 - ((pred - y) ** 2).mean().item() / y.var(unbiased=False).item()


rng = np.random.default_rng(5)
x_train, y_train = synth(3000, rng)
x_val, y_val = synth(800, rng)
loader = DataLoader(TensorDataset(x_train, y_train), batch_size=32, shuffle=True)

model = LoadModel(12).to(DTYPE)
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, weight_decay=1e-4)
loss_fn = nn.MSELoss()

for epoch in range(1, EPOCHS + 1):
    loss = train_epoch(model, loader, optimizer, loss_fn)
    if epoch % 4 == 0:
        print(f"epoch {epoch:2d}  mse {loss:.4f}  val R2 {r2(model, x_val, y_val):.4f}")

print(f"final validation R2: {r2(model, x_val, y_val):.4f}")
