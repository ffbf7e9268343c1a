import math
import os
import torch
import torch.nn as nn

torch.set_num_threads(1)
seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)


class ScaledELU(nn.Module):
    alpha, scale = 1.6732632423543772, 1.0507009873554805

    def forward(self, x):
        return self.scale * (torch.relu(x) + self.alpha * torch.expm1(-torch.relu(-x)))


def readings(n, seed):
    """Standardised channels; two tasks: regime (class) and load (number)."""
    g = torch.Generator().manual_seed(seed)
    proto = torch.randn(24, 16, generator=torch.Generator().manual_seed(3)) * 1.2
    k = torch.randint(0, 24, (n,), generator=g)
    x = proto[k] + 0.5 * torch.randn(n, 16, generator=g)
    load = torch.sin(2 * x[:, 0]) + 0.5 * x[:, 1] * x[:, 2]
    return x, k % 4, load


def lecun_(layer):
    nn.init.normal_(layer.weight, 0.0, 1 / math.sqrt(layer.in_features))
    nn.init.zeros_(layer.bias)
    return layer


def stack(d_in, width, depth, drop):
    parts = []
    for i in range(depth):
        parts += [lecun_(nn.Linear(d_in if i == 0 else width, width)), ScaledELU(), nn.AlphaDropout(drop)]
    return nn.Sequential(*parts)


class TwoTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = stack(16, 80, 8, 0.02)
        self.regime = lecun_(nn.Linear(80, 4))
        self.load = lecun_(nn.Linear(80, 1))

    def forward(self, x):
        h = self.body(x)
        return self.regime(h), self.load(h).squeeze(1)


x, k, load = readings(8000, seed)
xt, kt, load_t = readings(2000, seed + 500)
mu, sd = x.mean(0), x.std(0)
x, xt = (x - mu) / sd, (xt - mu) / sd
m, s = load.mean(), load.std()
load, load_t = (load - m) / s, (load_t - m) / s
net = TwoTask()
opt = torch.optim.SGD(net.parameters(), lr=5e-3, momentum=0.9)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=1e-2, total_steps=125 * 10)
for epoch in range(10):
    net.train()
    total = 0.0
    for idx in torch.randperm(len(x)).split(64):
        logits, pred = net(x[idx])
        loss = nn.functional.cross_entropy(logits, k[idx]) + nn.functional.mse_loss(pred, load[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        total += loss.item() * len(idx)
    print(f"epoch {epoch} loss {total / len(x):.4f}")
net.eval()
with torch.no_grad():
    logits, pred = net(xt)
    acc = (logits.argmax(1) == kt).float().mean().item()
    mse = (pred - load_t).square().mean().item()
print(f"regime accuracy {acc:.4f} (chance 0.25), load mse {mse:.4f} (mean {load_t.var().item():.4f})")
