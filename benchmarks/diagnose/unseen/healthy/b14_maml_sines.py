import math
import torch
from torch.func import functional_call
import torch.nn as nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(1, 40), nn.SiLU(), nn.Linear(40, 40), nn.SiLU(), nn.Linear(40, 1))
meta_opt = torch.optim.Adam(net.parameters(), lr=2e-3)
INNER = 0.04


def task():
    amp, ph = 0.5 + 2.5 * torch.rand(1), math.pi * torch.rand(1)

    def draw(n):
        x = torch.rand(n, 1) * 10 - 5
        return x / 2, amp * torch.sin(x + ph)
    return draw


def adapt(params, x, y, steps, create_graph):
    for _ in range(steps):
        loss = ((functional_call(net, params, (x,)) - y) ** 2).mean()
        grads = torch.autograd.grad(loss, list(params.values()), create_graph=create_graph)
        params = {k: p - INNER * g for (k, p), g in zip(params.items(), grads)}
    return params


def evaluate(n=100):
    pre = post = 0.0
    for _ in range(n):
        d = task()
        (xs, ys), (xq, yq) = d(10), d(100)
        start = {k: p.detach().clone().requires_grad_() for k, p in net.named_parameters()}
        fast = adapt(start, xs, ys, 5, False)
        with torch.no_grad():
            pre += ((functional_call(net, start, (xq,)) - yq) ** 2).mean().item() / n
            post += ((functional_call(net, fast, (xq,)) - yq) ** 2).mean().item() / n
    return pre, post


print("untrained: before adaptation %.3f after %.3f" % evaluate())
for it in range(400):
    meta = 0.0
    for _ in range(6):
        d = task()
        (xs, ys), (xq, yq) = d(10), d(10)
        fast = adapt(dict(net.named_parameters()), xs, ys, 1, True)
        meta = meta + ((functional_call(net, fast, (xq,)) - yq) ** 2).mean() / 6
    meta_opt.zero_grad()
    meta.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 10.0)
    meta_opt.step()
    if it % 100 == 0:
        print(it, f"query loss {meta.item():.3f}")
print("meta-trained: before adaptation %.3f after %.3f" % evaluate())
