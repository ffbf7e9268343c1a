# u'' + 7 u = f on [0, pi], Dirichlet ends; the network never sees u itself
import math
import torch

torch.set_num_threads(1)
torch.manual_seed(2)
torch.set_default_dtype(torch.float64)


def exact(x):
    return torch.sin(2 * x) + 0.3 * torch.sin(5 * x)


def forcing(x):
    return 3 * torch.sin(2 * x) - 0.3 * 18 * torch.sin(5 * x)


class Sine(torch.nn.Module):
    def __init__(self, a, b, w0=1.0, first=False):
        super().__init__()
        self.lin = torch.nn.Linear(a, b)
        self.w0 = w0
        lim = 1.0 / a if first else math.sqrt(6.0 / a) / w0
        torch.nn.init.uniform_(self.lin.weight, -lim, lim)

    def forward(self, x):
        return torch.sin(self.w0 * self.lin(x))


net = torch.nn.Sequential(Sine(1, 32, 3.0, True), Sine(32, 32), Sine(32, 32), torch.nn.Linear(32, 1))
colloc = torch.linspace(0, math.pi, 128)[:, None]
ends = torch.tensor([[0.0], [math.pi]])


def residual_loss():
    x = colloc.clone().requires_grad_(True)
    u = net(x)
    du, = torch.autograd.grad(u.sum(), x, create_graph=True)
    ddu, = torch.autograd.grad(du.sum(), x, create_graph=True)
    res = (ddu + 7 * u - forcing(x)) / 10
    return res.square().mean() + 5 * net(ends).square().mean()


adam = torch.optim.Adam(net.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.ExponentialLR(adam, 0.995)
for k in range(400):
    adam.zero_grad()
    loss = residual_loss()
    loss.backward()
    adam.step()
    sched.step()
    if k % 100 == 0:
        print("adam", k, loss.item())

polish = torch.optim.LBFGS(net.parameters(), lr=1.0, max_iter=10, history_size=30,
                          line_search_fn="strong_wolfe", tolerance_change=1e-14, tolerance_grad=1e-10)


def closure():
    polish.zero_grad()
    value = residual_loss()
    value.backward()
    return value


for k in range(80):
    loss = polish.step(closure)
    if k % 20 == 0:
        gn = sum(float(p.grad.square().sum()) for p in net.parameters()) ** 0.5
        print("lbfgs", k, loss.item(), "grad", gn)

grid = torch.linspace(0, math.pi, 1000)[:, None]
with torch.no_grad():
    err = (net(grid) - exact(grid)).norm() / exact(grid).norm()
print("relative error of u=0: 1.0")
print("final rel_error", float(err))
