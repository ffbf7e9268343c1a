# Poisson problem u'' = f on [0, 1] with u(0) = u(1) = 0, solved by a small tanh network.
# Boundary values are built into the ansatz; L-BFGS is run until the residual is tiny.
import math
import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
torch.manual_seed(4)


def exact(x):
    return torch.sin(math.pi * x) + 0.3 * torch.sin(3 * math.pi * x) * x


def source(x):
    x = x.detach().clone().requires_grad_(True)
    u = exact(x)
    du, = torch.autograd.grad(u.sum(), x, create_graph=True)
    d2u, = torch.autograd.grad(du.sum(), x)
    return d2u


class Ansatz(torch.nn.Module):
    def __init__(self, n=24):
        super().__init__()
        self.l1 = torch.nn.Linear(1, n)
        self.l2 = torch.nn.Linear(n, n)
        self.l3 = torch.nn.Linear(n, 1)
        with torch.no_grad():
            self.l1.weight.normal_(0, 4)
            self.l1.bias.copy_(-self.l1.weight[:, 0] * torch.rand(n))

    def forward(self, x):
        h = torch.tanh(self.l2(torch.tanh(self.l1(x))))
        return x * (1 - x) * self.l3(h)


net = Ansatz()
x = torch.linspace(0, 1, 80)[:, None].requires_grad_(True)
f = source(x)
scale = f.pow(2).mean()


def residual_loss():
    u = net(x)
    du, = torch.autograd.grad(u.sum(), x, create_graph=True)
    d2u, = torch.autograd.grad(du.sum(), x, create_graph=True)
    return (d2u - f).pow(2).mean() / scale


opt = torch.optim.LBFGS(net.parameters(), lr=1.0, max_iter=8, history_size=60, line_search_fn="strong_wolfe",
                        tolerance_grad=0, tolerance_change=0)


def closure():
    opt.zero_grad()
    loss = residual_loss()
    loss.backward()
    return loss


for it in range(90):
    loss = opt.step(closure)
    if it % 10 == 0:
        g = max(p.grad.abs().max().item() for p in net.parameters())
        print(f"{it:3d}  relative residual {loss.item():.3e}  max |grad| {g:.2e}")

with torch.no_grad():
    xs = torch.linspace(0, 1, 501)[:, None]
    err = (net(xs) - exact(xs)).norm() / exact(xs).norm()
print(f"relative L2 error of the solution: {err.item():.2e}")
