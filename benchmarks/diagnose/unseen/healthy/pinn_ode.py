"""Physics-informed net for u'' + u = 0, u(0)=0, u'(0)=1 on [0, 2 pi]; solution sin(t)."""
import math
import torch


class MLP(torch.nn.Module):
    def __init__(self, width=32, depth=3):
        super().__init__()
        dims = [1] + [width] * depth + [1]
        self.linears = torch.nn.ModuleList(torch.nn.Linear(a, b) for a, b in zip(dims, dims[1:]))
        for lin in self.linears:
            torch.nn.init.xavier_normal_(lin.weight)
            torch.nn.init.zeros_(lin.bias)

    def forward(self, t):
        h = t / math.pi - 1
        for lin in self.linears[:-1]:
            h = torch.tanh(lin(h))
        return self.linears[-1](h)


def grad(out, t):
    return torch.autograd.grad(out, t, torch.ones_like(out), create_graph=True)[0]


def residual_loss(net, t, t0):
    u = net(t)
    u1 = grad(u, t)
    u2 = grad(u1, t)
    v = net(t0)
    return ((u2 + u) ** 2).mean() + 10 * (v ** 2).mean() + 10 * ((grad(v, t0) - 1) ** 2).mean()


torch.manual_seed(0)
net = MLP()
t = torch.linspace(0, 2 * math.pi, 80).unsqueeze(1).requires_grad_()
t0 = torch.zeros(1, 1, requires_grad=True)

adam = torch.optim.Adam(net.parameters(), lr=3e-3)
for i in range(500):
    adam.zero_grad()
    loss = residual_loss(net, t, t0)
    loss.backward()
    adam.step()
print("after Adam", loss.item())

lbfgs = torch.optim.LBFGS(net.parameters(), lr=1.0, max_iter=5, history_size=20, line_search_fn="strong_wolfe")


def closure():
    lbfgs.zero_grad()
    l = residual_loss(net, t, t0)
    l.backward()
    return l


for i in range(70):
    loss = lbfgs.step(closure)
    if i % 10 == 9:
        err = (net(t) - torch.sin(t)).abs().max().item()
        print(f"lbfgs {i + 1} loss {loss.item():.2e} max error {err:.4f}")
