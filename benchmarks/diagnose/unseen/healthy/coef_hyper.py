import torch
import torch.nn as nn
from sklearn.linear_model import LinearRegression


class HyperRegressor(nn.Module):
    """A small net looks at two context columns and produces the weights of a linear model on the other eight."""

    def __init__(self, ctx=2, feats=8):
        super().__init__()
        self.base = nn.Linear(feats, 1)
        self.hyper = nn.Sequential(nn.Linear(ctx, 32), nn.Softplus(), nn.Linear(32, feats + 1))
        nn.init.zeros_(self.hyper[-1].weight)       # start as a plain linear regression
        nn.init.zeros_(self.hyper[-1].bias)

    def forward(self, x):
        c, f = x[:, :2], x[:, 2:]
        w = self.hyper(c)
        return self.base(f).squeeze(1) + (w[:, :-1] * f).sum(1) + w[:, -1]


def make_data(n, gen):
    c = torch.rand(n, 2, generator=gen) * 4 - 2
    f = torch.randn(n, 8, generator=gen)
    k = torch.arange(8).float()
    w = torch.cos(c[:, :1] * 1.2 + k) + 0.5 * c[:, 1:] * torch.sin(k)
    y = (w * f).sum(1) / 2 + 0.2 * torch.randn(n, generator=gen)
    return torch.cat([c, f], 1), y


def main(epochs=40):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(1)
    (a, ya), (b, yb) = make_data(3000, gen), make_data(1000, gen)
    lin = LinearRegression().fit(a.numpy(), ya.numpy()).score(b.numpy(), yb.numpy())
    net = HyperRegressor()
    opt = torch.optim.Adam([{"params": net.base.parameters(), "lr": 1e-2},
                            {"params": net.hyper.parameters(), "lr": 5e-3, "weight_decay": 1e-5}])
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, patience=3, factor=0.5, min_lr=1e-4)
    for ep in range(epochs):
        for idx in torch.randperm(len(a)).split(64):
            opt.zero_grad()
            loss = nn.functional.huber_loss(net(a[idx]), ya[idx])
            loss.backward()
            opt.step()
        with torch.no_grad():
            val = nn.functional.mse_loss(net(b), yb).item()
        plateau.step(val)
        if ep % 8 == 7:
            print(f"epoch {ep + 1} train {loss.item():.4f} val mse {val:.4f} (noise 0.04) "
                  f"R2 {1 - val / yb.var().item():.3f} (plain linear {lin:.3f})")


main()
