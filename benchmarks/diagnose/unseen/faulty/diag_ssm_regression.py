"""Diagonal state-space layer (after the LRU paper, real-valued simplification) on a
weighted-running-sum regression task."""
import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(42)


class DiagonalSSM(nn.Module):
    """s_t = lam * s_{t-1} + B u_t ;  y_t = C s_t + D u_t"""

    def __init__(self, d_in, d_state, d_out):
        super().__init__()
        self.lam = nn.Parameter(torch.linspace(0.80, 1.20, d_state))
        self.B = nn.Linear(d_in, d_state, bias=False)
        self.C = nn.Linear(d_state, d_out)
        self.D = nn.Linear(d_in, d_out, bias=False)

    def forward(self, u):
        s = u.new_zeros(u.shape[0], self.lam.numel())
        drive = self.B(u)
        ys = []
        for t in range(u.shape[1]):
            s = self.lam * s + drive[:, t]
            ys.append(s)
        s = torch.stack(ys, 1)
        return self.C(s) + self.D(u)


class Model(nn.Module):
    def __init__(self, d=20):
        super().__init__()
        self.inp = nn.Linear(1, d)
        self.ssm1 = DiagonalSSM(d, 32, d)
        self.ssm2 = DiagonalSSM(d, 32, d)
        self.out = nn.Linear(d, 1)

    def forward(self, x):
        h = torch.tanh(self.inp(x))
        h = torch.relu(self.ssm1(h))
        h = torch.relu(self.ssm2(h))
        return self.out(h).squeeze(-1)


def task(n, g, length=70):
    x = torch.randn(n, length, 1, generator=g)
    y = torch.zeros(n, length)
    a = torch.zeros(n)
    for t in range(length):
        a = 0.85 * a + 0.5 * x[:, t, 0].clamp(min=0) - 0.2
        y[:, t] = a.abs()
    return x, y


def main():
    g = torch.Generator().manual_seed(1)
    xtr, ytr = task(1500, g)
    xte, yte = task(300, g)
    net = Model()
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for step in range(200):
        i = torch.randint(0, 1500, (32,), generator=g)
        loss = ((net(xtr[i]) - ytr[i]) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 25 == 0:
            print(f"{step:4d}  mse {loss.item():.5g}")
    with torch.no_grad():
        mse = ((net(xte) - yte) ** 2).mean().item()
    print(f"test mse {mse:.5g}   (target variance {yte.var().item():.4f})")


main()
