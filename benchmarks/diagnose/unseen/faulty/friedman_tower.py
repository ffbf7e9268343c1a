import torch, torch.nn as nn
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split

torch.set_num_threads(1); torch.manual_seed(1)

X, t = make_friedman1(n_samples=4000, n_features=10, noise=0.3, random_state=4)
t = (t - t.mean()) / t.std()
X = (X - 0.5) / 0.29
Xtr, Xte, ttr, tte = [torch.tensor(a, dtype=torch.float32) for a in train_test_split(X, t, test_size=0.25, random_state=0)]


class Block(nn.Module):
    def __init__(self, width, alpha):
        super().__init__()
        self.a = nn.Linear(width, width)
        self.b = nn.Linear(width, width)
        self.act = nn.SiLU()
        self.alpha = alpha
        for lin in (self.a, self.b):
            nn.init.kaiming_normal_(lin.weight, nonlinearity="relu")
            nn.init.zeros_(lin.bias)

    def forward(self, x):
        return x + self.alpha * self.b(self.act(self.a(self.act(x))))


class Tower(nn.Module):
    def __init__(self, n_blocks=36, width=40, alpha=1.0):
        super().__init__()
        self.stem = nn.Linear(10, width)
        self.blocks = nn.ModuleList([Block(width, alpha) for _ in range(n_blocks)])
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        h = self.stem(x)
        for blk in self.blocks:
            h = blk(h)
        return self.head(h).squeeze(-1)


m = Tower()
o = torch.optim.Adam(m.parameters(), lr=5e-4)
for ep in range(16):
    run = 0.
    for i in torch.randperm(len(Xtr)).split(75):
        o.zero_grad()
        l = nn.functional.mse_loss(m(Xtr[i]), ttr[i])
        l.backward()
        o.step()
        run += float(l) * len(i)
    with torch.no_grad():
        rmse = nn.functional.mse_loss(m(Xte), tte).sqrt().item()
    print(f"ep {ep:2d}  train_mse {run / len(Xtr):.4g}  test_rmse {rmse:.4g}")
print(f"final test_rmse {rmse:.4g}")
