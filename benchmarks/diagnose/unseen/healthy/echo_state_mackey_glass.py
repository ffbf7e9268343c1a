"""Echo state network on Mackey-Glass: the reservoir is random and fixed, only the readout is fitted."""
import numpy as np
import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(2)
np.random.seed(2)


def mackey_glass(n, tau=17):
    x = np.full(n + tau + 500, 1.2)
    for t in range(tau, len(x) - 1):
        x[t + 1] = x[t] + 0.2 * x[t - tau] / (1 + x[t - tau] ** 10) - 0.1 * x[t]
    return torch.tensor(x[-n:], dtype=torch.float32)


class Reservoir(nn.Module):
    def __init__(self, size=200, radius=0.95, leak=0.4):
        super().__init__()
        self.w_in = nn.Parameter(torch.empty(size, 2).uniform_(-0.8, 0.8), requires_grad=False)
        w = torch.randn(size, size) * (torch.rand(size, size) < 0.08)
        w *= radius / torch.linalg.eigvals(w).abs().max()
        self.w = nn.Parameter(w, requires_grad=False)
        self.leak = leak

    def forward(self, u):
        s = torch.zeros(self.w.shape[0])
        out = []
        for v in u:
            drive = self.w_in @ torch.stack([v, torch.ones(())])
            s = (1 - self.leak) * s + self.leak * torch.tanh(drive + self.w @ s)
            out.append(s)
        return torch.stack(out)


class ESN(nn.Module):
    def __init__(self):
        super().__init__()
        self.reservoir = Reservoir()
        self.norm = nn.BatchNorm1d(200, affine=False)
        self.readout = nn.Linear(200, 1)

    def forward(self, states):
        return self.readout(self.norm(states)).squeeze(-1)


HORIZON = 20
series = mackey_glass(5000)
series = (series - series.mean()) / series.std()
esn = ESN()
with torch.no_grad():
    states = esn.reservoir(series[:-HORIZON])
target = series[HORIZON:]
states, target = states[200:], target[200:]
cut = 3600

opt = torch.optim.Adam([p for p in esn.parameters() if p.requires_grad], lr=1e-2)
sched = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, T_0=15, T_mult=2)
for epoch in range(45):
    esn.train()
    tot = 0.0
    for b in torch.randperm(cut).split(128):
        loss = nn.functional.mse_loss(esn(states[b]), target[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item() * len(b)
    sched.step()
    if epoch % 5 == 0:
        print(f"epoch {epoch:2d} mse {tot / cut:.5f}")

esn.eval()
with torch.no_grad():
    mse = nn.functional.mse_loss(esn(states[cut:]), target[cut:]).item()
naive = ((series[cut + 200:-HORIZON] - series[cut + 200 + HORIZON:]) ** 2).mean().item()
print(f"test nrmse {mse ** 0.5:.4f}   persistence {naive ** 0.5:.4f}")
