import math
import torch

torch.set_num_threads(1)
torch.manual_seed(100)
torch.set_default_dtype(torch.float64)

# Interpolate 40 noiseless points and go on long after the curve passes through all of them.
x = torch.linspace(-3, 3, 40).unsqueeze(1)
f = lambda t: torch.sin(2 * t) + 0.2 * t ** 2
y = f(x)
xt = torch.linspace(-2.95, 2.95, 200).unsqueeze(1)

net = torch.nn.Sequential(
    torch.nn.Linear(1, 40), torch.nn.GELU(),
    torch.nn.Linear(40, 40), torch.nn.GELU(),
    torch.nn.Linear(40, 1),
)
opt = torch.optim.LBFGS(net.parameters(), lr=1.0, max_iter=20, history_size=50, line_search_fn="strong_wolfe",
                        tolerance_grad=1e-14, tolerance_change=1e-18)
losses = []


def closure():
    opt.zero_grad()
    loss = (net(x) - y).square().mean()
    loss.backward()
    losses.append(loss.item())
    return loss


for k in range(250):
    opt.step(closure)
    if k % 25 == 24:
        gn = math.sqrt(sum(p.grad.square().sum().item() for p in net.parameters()))
        print(f"{k + 1} loss {losses[-1]:.3e} grad_norm {gn:.3e}")
with torch.no_grad():
    mse = (net(xt) - f(xt)).square().mean().item()
print(f"final test_mse {mse:.3e} baseline {f(xt).var().item():.3f}")
