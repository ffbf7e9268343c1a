import os
import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)
seed = int(os.environ.get("SEED", "0"))
torch.manual_seed(seed)
rng = np.random.default_rng(seed)


def cohort(n):
    age = rng.normal(61, 12, n)
    ejection = rng.normal(38, 11, n).clip(14, 80)
    creatinine = np.exp(rng.normal(0.2, 0.45, n))
    sodium = rng.normal(136.6, 4.4, n)
    platelets = rng.normal(263, 70, n).clip(30)
    cpk = np.exp(rng.normal(5.7, 1.0, n))
    risk = (0.5 * (age - 61) / 12 - 0.8 * np.tanh((ejection - 35) / 8) + 1.1 * np.log(creatinine)
            + 0.5 * ((sodium - 136.6) / 4.4) ** 2 / 1.5)
    t_event = rng.exponential(np.exp(-risk) * 300)
    t_cens = rng.uniform(50, 900, n)
    x = np.stack([age, ejection, creatinine, sodium, platelets, cpk], 1)
    return (torch.tensor(x, dtype=torch.float32),
            torch.tensor(np.minimum(t_event, t_cens), dtype=torch.float32),
            torch.tensor(t_event <= t_cens, dtype=torch.float32))


class GatedUnit(nn.Module):
    """tanh(Wx) * sigmoid(Vx)"""

    def __init__(self, d_in, d_out):
        super().__init__()
        self.value = nn.Linear(d_in, d_out)
        self.gate = nn.Linear(d_in, d_out)

    def forward(self, x):
        return torch.tanh(self.value(x)) * torch.sigmoid(self.gate(x))


class DeepSurv(nn.Module):
    def __init__(self, d, width=32):
        super().__init__()
        self.body = nn.Sequential(GatedUnit(d, width), GatedUnit(width, width))
        self.out = nn.Linear(width, 1, bias=False)

    def forward(self, x):
        return self.out(self.body(x)).squeeze(-1)


def cox_loss(score, time, event):
    order = torch.argsort(time, descending=True)
    score, event = score[order], event[order]
    log_risk = torch.logcumsumexp(score, 0)
    return -((score - log_risk) * event).sum() / event.sum()


def concordance(score, time, event):
    comparable = (time[:, None] < time[None, :]) & (event[:, None] > 0)
    good = (score[:, None] > score[None, :]).float() + 0.5 * (score[:, None] == score[None, :]).float()
    return (good * comparable).sum().item() / comparable.sum().item()


x_tr, t_tr, e_tr = cohort(3000)
x_te, t_te, e_te = cohort(1200)

model = DeepSurv(x_tr.shape[1])
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=600)
for step in range(600):
    idx = torch.randint(0, len(x_tr), (256,))
    loss = cox_loss(model(x_tr[idx]), t_tr[idx], e_tr[idx])
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 100 == 0:
        print(f"step {step:4d}  partial likelihood {loss.item():.4f}")

with torch.no_grad():
    print(f"c-index {concordance(model(x_te), t_te, e_te):.4f} (chance 0.5)")
