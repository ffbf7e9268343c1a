import argparse
import torch
import torch.nn as nn

ap = argparse.ArgumentParser()
ap.add_argument("--dtype", default="float16")
ap.add_argument("--window", type=int, default=32)
ap.add_argument("--epochs", type=int, default=6)
opt_args = ap.parse_args()
dtype = getattr(torch, opt_args.dtype)

torch.manual_seed(0)
t = torch.arange(2400, dtype=torch.float32)
series = torch.sin(t / 7) + 0.5 * torch.sin(t / 3.1 + 1) + 0.1 * torch.randn(len(t))
windows = series.unfold(0, opt_args.window + 1, 1)
X, Y = windows[:, :-1], windows[:, -1:]
X_tr, Y_tr = X[:1800].to(dtype), Y[:1800].to(dtype)
X_te, Y_te = X[1900:].to(dtype), Y[1900:].to(dtype)

model = nn.Sequential(
    nn.Linear(opt_args.window, 64),
    nn.GELU(),
    nn.Linear(64, 64),
    nn.GELU(),
    nn.Linear(64, 1),
).to(dtype)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
mse = nn.MSELoss()

for epoch in range(opt_args.epochs):
    for idx in torch.randperm(len(X_tr)).split(64):
        optimizer.zero_grad()
        loss = mse(model(X_tr[idx]), Y_tr[idx])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} last batch mse {loss.item():.4f}")

with torch.no_grad():
    err = (model(X_te).float() - Y_te.float()).pow(2).mean().item()
print("test mse:", err)
