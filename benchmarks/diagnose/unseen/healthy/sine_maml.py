import math
import torch
torch.set_num_threads(1)
from torch.func import functional_call, grad, vmap

torch.manual_seed(40)


class Maxout(torch.nn.Module):
    def __init__(self, i, o, pieces=3):
        super().__init__()
        self.o, self.k = o, pieces
        self.lin = torch.nn.Linear(i, o * pieces)

    def forward(self, x):
        return self.lin(x).unflatten(-1, (self.o, self.k)).amax(-1)


model = torch.nn.Sequential(Maxout(1, 32), Maxout(32, 32), torch.nn.Linear(32, 1))
with torch.no_grad():
    model[0].lin.bias.uniform_(-3, 3)
params = {k: v.detach().clone().requires_grad_(True) for k, v in model.named_parameters()}
log_rate = {k: torch.full((), math.log(0.02), requires_grad=True) for k in params}
meta_opt = torch.optim.Adam([
    {"params": list(params.values()), "lr": 2e-3},
    {"params": list(log_rate.values()), "lr": 1e-2},
])


def tasks(n, shots=10):
    amp = 0.5 + 3.5 * torch.rand(n, 1, 1)
    ph = math.pi * torch.rand(n, 1, 1)
    x = 8 * torch.rand(n, 2 * shots, 1) - 4
    y = amp * torch.sin(x + ph)
    return x[:, :shots], y[:, :shots], x[:, shots:], y[:, shots:]


def mse(p, x, y):
    return (functional_call(model, p, (x,)) - y).pow(2).mean()


def adapt(p, rates, x, y, n):
    for _ in range(n):
        g = grad(mse)(p, x, y)
        p = {k: p[k] - rates[k] * g[k].clamp(-10, 10) for k in p}
    return p


def after(p, rates, xs, ys, xq, yq, n):
    return mse(adapt(p, rates, xs, ys, n), xq, yq)


for it in range(500):
    rates = {k: v.exp() for k, v in log_rate.items()}
    batch = tasks(16)
    per_task = vmap(lambda a, b, c, d: after(params, rates, a, b, c, d, 3))(*batch)
    loss = per_task.mean()
    meta_opt.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(list(params.values()), 10.0)
    meta_opt.step()
    if it % 100 == 0:
        print(f"{it} post-adaptation mse {loss.item():.3f}")

model.load_state_dict({k: v.detach() for k, v in params.items()})
frozen = {k: v.detach() for k, v in params.items()}
rates = {k: v.detach().exp() for k, v in log_rate.items()}
xs, ys, xq, yq = tasks(200)
with torch.no_grad():
    print("predicting zero", round(yq.pow(2).mean().item(), 4))
    print("before adaptation", round((model(xq) - yq).pow(2).mean().item(), 4))
score = vmap(lambda a, b, c, d: after(frozen, rates, a, b, c, d, 3))(xs, ys, xq, yq).mean()
print("final adapted_mse", round(score.item(), 4))
