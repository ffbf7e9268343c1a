# k-fold cross-validation of a monotone dose-response network with pinball loss (double precision)
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.model_selection import KFold

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
x = torch.rand(1500, 1) * 6 - 3
y = 3 * torch.sigmoid(2 * x) + 0.5 * x + (0.15 + 0.1 * (x + 3) / 3) * torch.randn_like(x)
TAUS = torch.tensor([0.1, 0.5, 0.9])


class MonotoneNet(nn.Module):
    """positive weights through softplus; quantiles cannot cross"""

    def __init__(self, h=24):
        super().__init__()
        self.w = nn.ParameterList([nn.Parameter(torch.randn(1, h) * 0.3), nn.Parameter(torch.randn(h, h) * 0.3 - 2.5), nn.Parameter(torch.randn(h, 1) * 0.3 - 2.0)])
        self.b = nn.ParameterList([nn.Parameter(torch.linspace(-2, 2, h)), nn.Parameter(torch.linspace(-2.5, 0.5, h)), nn.Parameter(torch.zeros(1))])
        self.gap = nn.Linear(1, 2)

    def forward(self, x):
        h = x
        for i, (w, b) in enumerate(zip(self.w, self.b)):
            h = h @ F.softplus(w) + b
            if i < 2:
                h = torch.tanh(h)
        g = F.softplus(self.gap(x))
        return torch.cat([h - g[:, :1], h, h + g[:, 1:]], 1)


def pinball(p, y):
    e = y - p
    return torch.maximum(TAUS * e, (TAUS - 1) * e).mean()


scores, base = [], []
for fold, (a, b) in enumerate(KFold(4, shuffle=True, random_state=1).split(x)):
    net = MonotoneNet()
    opt = torch.optim.Adam(net.parameters(), lr=0.02)
    for ep in range(20):
        for i in torch.tensor(a)[torch.randperm(len(a))].split(75):
            loss = pinball(net(x[i]), y[i])
            opt.zero_grad()
            loss.backward()
            opt.step()
    with torch.no_grad():
        scores.append(pinball(net(x[b]), y[b]).item())
        const = torch.quantile(y[a].flatten(), TAUS).expand(len(b), 3)
        base.append(pinball(const, y[b]).item())
    print(f"fold {fold}: pinball {scores[-1]:.4f}  constant quantiles {base[-1]:.4f}")
print(f"mean {sum(scores) / 4:.4f} vs {sum(base) / 4:.4f}")
