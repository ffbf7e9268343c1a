"""Echo state network on Mackey-Glass: fixed tanh reservoir, trained readout MLP with L1-sparse ReLU features."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Reservoir(nn.Module):
    def __init__(self, n_in=1, size=200, rho=0.95, leak=0.5, seed=0):
        super().__init__()
        g = torch.Generator().manual_seed(seed)
        w = torch.randn(size, size, generator=g) * (torch.rand(size, size, generator=g) < 0.1)
        w = w * (rho / torch.linalg.eigvals(w).abs().max())
        self.w = nn.Parameter(w, requires_grad=False)
        self.w_in = nn.Parameter(torch.randn(n_in, size, generator=g) * 1.5, requires_grad=False)
        self.b = nn.Parameter(torch.randn(size, generator=g) * 0.5, requires_grad=False)
        self.leak = leak

    @torch.no_grad()
    def forward(self, u):
        h = torch.zeros(u.size(0), self.w.size(0))
        states = []
        for t in range(u.size(1)):
            h = (1 - self.leak) * h + self.leak * torch.tanh(u[:, t] @ self.w_in + h @ self.w + self.b)
            states.append(h)
        return torch.stack(states, 1)


class Forecaster(nn.Module):
    def __init__(self, size=200, feats=128):
        super().__init__()
        self.reservoir = Reservoir(size=size)
        self.expand = nn.Linear(size, feats)
        self.readout = nn.Linear(feats, 1)
        nn.init.constant_(self.expand.bias, -0.4)

    def features(self, u):
        return F.relu(self.expand(self.reservoir(u)))

    def forward(self, u):
        f = self.features(u)
        return self.readout(f).squeeze(-1), f


def mackey_glass(n, tau=17, seed=0):
    rng = np.random.default_rng(seed)
    x = list(1.2 + 0.05 * rng.standard_normal(tau + 1))
    for _ in range(n + 300):
        x.append(x[-1] + 0.2 * x[-1 - tau] / (1 + x[-1 - tau] ** 10) - 0.1 * x[-1])
    x = np.array(x[300 + tau + 1:])
    return torch.tensor((x - x.mean()) / x.std(), dtype=torch.float32)


def main(horizon=10, length=80, washout=30):
    torch.manual_seed(31)
    series = mackey_glass(5000)
    w = series.unfold(0, length + horizon, 10)
    u, y = w[:, :length, None], w[:, horizon:]
    ntr = int(0.8 * len(u))
    model = Forecaster()
    params = [p for p in model.parameters() if p.requires_grad]
    print(f"trainable tensors: {len(params)} of {len(list(model.parameters()))}")
    opt = torch.optim.Adam(params, lr=4e-3)
    sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, patience=3, factor=0.5)

    def val():
        with torch.no_grad():
            pred, f = model(u[ntr:])
        return F.mse_loss(pred[:, washout:], y[ntr:, washout:]).item(), (f > 0).float().mean().item()

    for epoch in range(14):
        for idx in torch.randperm(ntr).split(24):
            pred, f = model(u[idx])
            loss = F.mse_loss(pred[:, washout:], y[idx][:, washout:]) + 2e-3 * f.abs().mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        v, active = val()
        sched.step(v)
        if epoch % 4 == 0:
            print(f"epoch {epoch:2d}  train {loss.item():.5f}  val mse {v:.5f}  active {active:.2f}")
    base = F.mse_loss(u[ntr:, washout:, 0], y[ntr:, washout:]).item()
    print(f"persistence mse {base:.4f}")
    print(f"final val mse {v:.5f}")


if __name__ == "__main__":
    main()
