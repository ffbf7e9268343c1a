"""Self-normalising network on the Friedman #1 problem."""
import torch
from sklearn.datasets import make_friedman1
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
torch.manual_seed(31)


def snn(n_in, n_hidden, depth, p):
    mods, prev = [], n_in
    for _ in range(depth):
        lin = nn.Linear(prev, n_hidden)
        nn.init.normal_(lin.weight, std=prev ** -0.5)
        nn.init.zeros_(lin.bias)
        mods += [lin, nn.SELU(), nn.AlphaDropout(p)]
        prev = n_hidden
    last = nn.Linear(prev, 1)
    nn.init.normal_(last.weight, std=prev ** -0.5)
    nn.init.zeros_(last.bias)
    return nn.Sequential(*mods, last)


X, y = make_friedman1(4000, n_features=10, noise=0.5, random_state=3)
X = torch.tensor(X, dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32).unsqueeze(1)
X = (X - X[:3000].mean(0)) / X[:3000].std(0)
mu, sd = y[:3000].mean(), y[:3000].std()
loader = DataLoader(TensorDataset(X[:3000], (y[:3000] - mu) / sd), batch_size=50, shuffle=True)

model = snn(10, 64, depth=6, p=0.02)
opt = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=30)
for epoch in range(30):
    model.train()
    for xb, yb in loader:
        opt.zero_grad()
        nn.functional.mse_loss(model(xb), yb).backward()
        opt.step()
    sched.step()
    if epoch % 5 == 4:
        model.eval()
        with torch.no_grad():
            pred = model(X[3000:]) * sd + mu
        rmse = (pred - y[3000:]).pow(2).mean().sqrt().item()
        print(f"epoch {epoch + 1} test rmse {rmse:.3f} (predict the mean: {y[3000:].std().item():.3f})")
