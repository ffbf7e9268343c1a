"""72-layer residual MLP; each branch ends in a zero gamma (so it is the identity at the start)."""
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(3)
X, y = load_digits(return_X_y=True)
X = torch.tensor(X / 16.0 - 0.3, dtype=torch.float32)
y = torch.tensor(y)
p = torch.tensor(np.random.RandomState(0).permutation(len(X)))
tr, te = p[:1400], p[1400:]


class RMSNorm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(d))

    def forward(self, x):
        return self.scale * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)


class Branch(nn.Module):
    def __init__(self, d, drop):
        super().__init__()
        self.norm, self.a, self.b = RMSNorm(d), nn.Linear(d, d), nn.Linear(d, d)
        self.gamma = nn.Parameter(torch.zeros(d))
        self.drop = drop

    def forward(self, x):
        if self.training and torch.rand(()) < self.drop:      # stochastic depth
            return x
        return x + self.gamma * self.b(torch.relu(self.a(self.norm(x))))


depth = 36
net = nn.Sequential(nn.Linear(64, 48), *[Branch(48, 0.2 * i / depth) for i in range(depth)], RMSNorm(48), nn.Linear(48, 10))
opt = torch.optim.AdamW(net.parameters(), lr=1.5e-3, weight_decay=0.01)
warm = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / 30))
for ep in range(6):
    net.train()
    for ix in tr[torch.randperm(len(tr))].split(70):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(X[ix]), y[ix])
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        warm.step()
    net.eval()
    with torch.no_grad():
        acc = (net(X[te]).argmax(1) == y[te]).float().mean().item()
    print(f"epoch {ep} loss {loss.item():.4f} test acc {acc:.3f}")
print("chance 0.1; mean |gamma| %.4f" % torch.stack([m.gamma.abs().mean() for m in net if isinstance(m, Branch)]).mean().item())
