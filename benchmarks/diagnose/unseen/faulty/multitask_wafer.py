"""Multi-task net: one shared trunk, three heads (regression of two process values, fault class), with
homoscedastic-uncertainty weighting of the losses (Kendall et al. 2018).  Plain SGD with momentum, stateless
functional_call so that the trunk can be swapped in our experiments."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call

torch.set_num_threads(1)
torch.manual_seed(17)

D = 24
g = torch.Generator().manual_seed(99)
A = torch.randn(D, 6, generator=g) / D ** 0.5


def sample(n):
    x = torch.randn(n, D, generator=g)
    z = x @ A
    thick = torch.sin(1.5 * z[:, 0]) + z[:, 1] * z[:, 2]
    rate = z[:, 3].abs() - 0.5 * z[:, 4] ** 2
    cls = (z[:, 0] > 0).long() + 2 * ((z[:, 5] * z[:, 1]) > 0).long()
    return x, torch.stack([thick, rate], 1), cls


xtr, rtr, ctr = sample(4000)
xte, rte, cte = sample(2000)
mu, sd = rtr.mean(0), rtr.std(0)
rtr, rte = (rtr - mu) / sd, (rte - mu) / sd


class Trunk(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(D, 96)
        self.l2 = nn.Linear(96, 96)
        self.l3 = nn.Linear(96, 64)

    def forward(self, x):
        x = torch.relu(self.l1(x))
        x = torch.relu(self.l2(x))
        return torch.relu(self.l3(x))


trunk = Trunk()
heads = nn.ModuleDict({"proc": nn.Linear(64, 2), "fault": nn.Linear(64, 4)})
tp = {k: v.detach().clone().requires_grad_() for k, v in trunk.named_parameters()}
logvar = torch.zeros(2, requires_grad=True)

opt = torch.optim.SGD([
    {"params": list(tp.values())},
    {"params": heads.parameters()},
    {"params": [logvar], "lr": 0.01},
], lr=0.2, momentum=0.9)


def forward(x):
    h = functional_call(trunk, tp, (x,))
    return heads["proc"](h), heads["fault"](h)


@torch.no_grad()
def report(tag):
    v, c = forward(xte)
    r2 = 1 - (v - rte).pow(2).mean() / rte.var()
    print(f"{tag}: R2 {r2.item():.4f}  fault accuracy {(c.argmax(1) == cte).float().mean().item():.4f}  "
          f"weights {torch.exp(-logvar).detach().numpy().round(3)}")


for epoch in range(24):
    tot = 0.0
    for k in torch.randperm(4000).split(80):
        v, c = forward(xtr[k])
        l_val, l_cls = F.mse_loss(v, rtr[k]), F.cross_entropy(c, ctr[k])
        loss = (torch.exp(-logvar[0]) * l_val + torch.exp(-logvar[1]) * l_cls + 0.5 * logvar.sum())
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item()
    if epoch % 6 == 5:
        report(f"epoch {epoch + 1:2d} loss {tot / 50:.4f}")
report("final")
