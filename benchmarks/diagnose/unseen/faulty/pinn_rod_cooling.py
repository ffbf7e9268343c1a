"""Physics-informed network for a cooling rod (port of an old TF1 notebook).

    u_t = kappa * u_xx,  x in [0, L] (mm), t in [0, T] (s)
    u(0, t) = u(L, t) = 0,   u(x, 0) = sin(pi x / L) + 0.5 sin(2 pi x / L)

Everything functional: the network is a list of (W, b) tensors.
"""
import math
import torch

torch.manual_seed(11)
torch.set_num_threads(1)

L, T = 250.0, 40.0
KAPPA = 120.0          # mm^2 / s


def xavier(n_in, n_out):
    lim = math.sqrt(6.0 / (n_in + n_out))
    return torch.empty(n_in, n_out).uniform_(-lim, lim)


def make_params(sizes):
    ps = []
    for a, b in zip(sizes[:-1], sizes[1:]):
        ps.append(xavier(a, b).requires_grad_())
        ps.append(torch.zeros(b, requires_grad=True))
    return ps


def u_net(ps, x, t):
    h = torch.cat([x, t], 1)
    n = len(ps) // 2
    for i in range(n):
        h = h @ ps[2 * i] + ps[2 * i + 1]
        if i < n - 1:
            h = torch.tanh(h)
    return h


def exact(x, t):
    k1 = (math.pi / L) ** 2 * KAPPA
    k2 = (2 * math.pi / L) ** 2 * KAPPA
    return (torch.exp(-k1 * t) * torch.sin(math.pi * x / L)
            + 0.5 * torch.exp(-k2 * t) * torch.sin(2 * math.pi * x / L))


def d(y, x):
    return torch.autograd.grad(y.sum(), x, create_graph=True)[0]


def residual(ps, n):
    x = (torch.rand(n, 1) * L).requires_grad_()
    t = (torch.rand(n, 1) * T).requires_grad_()
    u = u_net(ps, x, t)
    u_t, u_xx = d(u, t), d(d(u, x), x)
    # multiply by T so that the terms are O(1)
    return T * (u_t - KAPPA * u_xx)


params = make_params([2, 40, 40, 40, 1])
opt = torch.optim.Adam(params, lr=2e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 450, eta_min=1e-4)

for step in range(451):
    n = 128
    r = residual(params, n)
    x0 = torch.rand(n, 1) * L
    tb = torch.rand(n, 1) * T
    xb = (torch.rand(n, 1) > 0.5).float() * L
    ic = u_net(params, x0, torch.zeros_like(x0)) - exact(x0, torch.zeros_like(x0))
    bc = u_net(params, xb, tb)
    loss = 0.1 * r.pow(2).mean() + 10 * ic.pow(2).mean() + 10 * bc.pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 75 == 0:
        print(f"step {step:4d}  loss {loss.item():.4e}  pde {r.pow(2).mean().item():.3e}  ic {ic.pow(2).mean().item():.3e}")

gx, gt = torch.meshgrid(torch.linspace(0, L, 80), torch.linspace(0, T, 40), indexing="ij")
gx, gt = gx.reshape(-1, 1), gt.reshape(-1, 1)
with torch.no_grad():
    e = u_net(params, gx, gt) - exact(gx, gt)
    print("relative L2 error:", (e.norm() / exact(gx, gt).norm()).item())
