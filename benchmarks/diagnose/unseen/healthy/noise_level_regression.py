import os
import math
import torch
from torch import nn

torch.set_num_threads(1)
seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)


def data(n):
    x = torch.rand(n, 6) * 2 - 1
    mean = torch.sin(3 * x[:, 0]) + 2 * x[:, 1] * x[:, 2] - x[:, 3].abs()
    sigma = 0.05 + 0.5 * torch.sigmoid(4 * x[:, 4])
    return x, mean + sigma * torch.randn(n)


class SwiGLUBlock(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.up = nn.Linear(dim, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, dim, bias=False)

    def forward(self, x):
        a, b = self.up(self.norm(x)).chunk(2, dim=-1)
        return x + self.down(a * torch.sigmoid(a) * b)


class MeanAndScale(nn.Module):
    def __init__(self, dim=48):
        super().__init__()
        self.stem = nn.Linear(6, dim)
        self.blocks = nn.Sequential(SwiGLUBlock(dim, 64), SwiGLUBlock(dim, 64))
        self.heads = nn.ModuleDict({"mean": nn.Linear(dim, 1), "log_var": nn.Linear(dim, 1)})

    def forward(self, x):
        h = self.blocks(self.stem(x))
        mean = self.heads["mean"](h).squeeze(-1)
        log_var = self.heads["log_var"](h).squeeze(-1).float().clamp(-7.0, 4.0)
        return mean.float(), log_var


def nll(mean, log_var, y):
    return 0.5 * (log_var + (y - mean).square() * torch.exp(-log_var) + math.log(2 * math.pi)).mean()


x, y = data(6000)
xt, yt = data(2000)
model = MeanAndScale()
opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
steps = 900
sched = torch.optim.lr_scheduler.LambdaLR(
    opt, lambda s: s / 100 if s < 100 else 0.5 * (1 + math.cos(math.pi * (s - 100) / (steps - 100))))
for step in range(steps):
    idx = torch.randint(0, len(x), (128,))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mean, log_var = model(x[idx])
    loss = nll(mean, log_var, y[idx])
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    sched.step()
    if step % 150 == 0:
        print(f"step {step} nll {loss.item():.4f} lr {sched.get_last_lr()[0]:.5f}")

with torch.no_grad():
    mean, log_var = model(xt)
    score = nll(mean, log_var, yt).item()
    const = nll(y.mean().expand_as(yt), y.var().log().expand_as(yt), yt).item()
print(f"test nll {score:.4f} (one gaussian {const:.4f})")
