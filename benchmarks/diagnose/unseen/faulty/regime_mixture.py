import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(31)


class Mixture(nn.Module):
    """K small experts and a router that chooses among them."""

    def __init__(self, d_in, k=5, h=24):
        super().__init__()
        self.router = nn.Sequential(nn.Linear(d_in, 32), nn.Softplus(), nn.Linear(32, k))
        self.experts = nn.ModuleList([nn.Linear(d_in, 1) for _ in range(k)])
        self.k = k

    def weights(self, x):
        scores = self.router(x)
        return F.one_hot(scores.argmax(dim=-1), self.k).to(x.dtype)

    def forward(self, x):
        w = self.weights(x)
        y = torch.stack([e(x)[:, 0] for e in self.experts], dim=1)
        return (w * y).sum(1)


D = 6
centres = torch.randn(5, D) * 1.5
slopes = torch.randn(5, D) * 1.2
shift = torch.randn(5) * 3


def batch(n):
    c = torch.randint(0, 5, (n,))
    x = centres[c] + 0.5 * torch.randn(n, D)
    return x, (x * slopes[c]).sum(1) + shift[c] + 0.05 * torch.randn(n)


xv, yv = batch(3000)
net = Mixture(D)
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for it in range(1, 3001):
    x, y = batch(128)
    loss = F.mse_loss(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 500 == 0:
        with torch.no_grad():
            v = (F.mse_loss(net(xv), yv) / yv.var()).item()
        print(f"it {it}: train {loss.item():.4f} val_unexplained {v:.4f}")
print(f"final val_unexplained {v:.4f}")
