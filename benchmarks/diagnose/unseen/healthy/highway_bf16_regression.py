"""Highway network (Srivastava et al. 2015), carry-biased gates, bf16 autocast, Softplus head for positive targets."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 9
torch.manual_seed(SEED)
rng = np.random.default_rng(SEED)


def make(n):
    x = rng.standard_normal((n, 12))
    rate = np.exp(0.8 * np.sin(x[:, 0] * 1.5) + 0.6 * x[:, 1] * x[:, 2] / (1 + x[:, 2] ** 2) + 0.3 * np.abs(x[:, 3]))
    t = rate * rng.gamma(50.0, 1 / 50.0, n)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(t, dtype=torch.float32)


class Highway(nn.Module):
    def __init__(self, d, carry=-3.0):
        super().__init__()
        self.h = nn.Linear(d, d)
        self.t = nn.Linear(d, d)
        nn.init.constant_(self.t.bias, carry)

    def forward(self, x):
        g = torch.sigmoid(self.t(x))
        return g * F.relu(self.h(x)) + (1 - g) * x


class Net(nn.Module):
    def __init__(self, d=40, depth=8):
        super().__init__()
        self.inp = nn.Linear(12, d)
        self.layers = nn.ModuleList(Highway(d) for _ in range(depth))
        self.out = nn.Linear(d, 1)

    def forward(self, x):
        h = torch.tanh(self.inp(x))
        for layer in self.layers:
            h = layer(h)
        return F.softplus(self.out(h).float()).squeeze(-1) + 1e-4


def gamma_nll(mean, t):
    return (t / mean + mean.log()).mean()


xtr, ttr = make(4000)
xte, tte = make(1000)
net = Net()
opt = torch.optim.AdamW(net.parameters(), lr=4e-3, weight_decay=1e-3)
STEPS, ACC = 350, 2
sched = torch.optim.lr_scheduler.OneCycleLR(opt, 6e-3, total_steps=STEPS)
for step in range(STEPS):
    opt.zero_grad()
    tot = 0.0
    for _ in range(ACC):
        i = torch.randint(0, len(xtr), (96,))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mean = net(xtr[i])
        loss = gamma_nll(mean, ttr[i]) / ACC
        loss.backward()
        tot += loss.item()
    gn = nn.utils.clip_grad_norm_(net.parameters(), 0.02)
    opt.step()
    sched.step()
    if step % 50 == 0:
        print(f"step {step} nll {tot:.4f} grad norm {gn:.3f}")

net.eval()
with torch.no_grad():
    m = net(xte)
    lin = torch.linalg.lstsq(torch.cat([xtr, torch.ones(len(xtr), 1)], 1), ttr[:, None]).solution
    lp = (torch.cat([xte, torch.ones(len(xte), 1)], 1) @ lin).squeeze(1)
r2 = lambda p: 1 - ((p - tte) ** 2).mean() / tte.var()
print(f"test nll {gamma_nll(m, tte):.4f} (constant {gamma_nll(ttr.mean().expand_as(tte), tte):.4f}) R2 {r2(m):.3f} linear R2 {r2(lp):.3f}")
