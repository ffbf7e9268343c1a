# tabular regression, memory-friendly version
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_friedman1

np.random.seed(31)
torch.manual_seed(31)

X, y = make_friedman1(n_samples=4000, n_features=10, noise=0.5, random_state=31)
X = (X - 0.5) / 0.29
y = (y - y.mean()) / y.std()
dtype = torch.bfloat16

X = torch.tensor(X, dtype=torch.float32).to(dtype)
y = torch.tensor(y, dtype=torch.float32).unsqueeze(1)
X_train, y_train = X[:3200], y[:3200]
X_valid, y_valid = X[3200:], y[3200:]


class Block(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.lin = nn.Linear(n_in, n_out)
        self.act = nn.SiLU()

    def forward(self, x):
        return self.act(self.lin(x))


model = nn.Sequential(
    Block(10, 64),
    Block(64, 64),
    nn.Linear(64, 1),
).to(dtype)
n_bytes = sum(p.numel() * p.element_size() for p in model.parameters())
print("model size", n_bytes, "bytes")

optimizer = torch.optim.SGD(model.parameters(), lr=0.002, momentum=0.9)
mse = nn.MSELoss()

batch_size = 64
global_step = 0
for epoch in range(1, 31):
    model.train()
    perm = np.random.permutation(len(X_train))
    running = []
    for b in range(0, len(perm), batch_size):
        sel = perm[b:b + batch_size]
        pred = model(X_train[sel]).float()
        loss = mse(pred, y_train[sel])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running.append(loss.item())
        global_step += 1
    if epoch % 5 == 0:
        model.eval()
        with torch.no_grad():
            v = mse(model(X_valid).float(), y_valid).item()
        print(f"epoch {epoch:3d} step {global_step} train mse {np.mean(running):.4f} valid mse {v:.4f}")

ss = y_valid.var(unbiased=False).item()
print(f"final valid mse {v:.4f}  r2 {1 - v / ss:.4f}")
