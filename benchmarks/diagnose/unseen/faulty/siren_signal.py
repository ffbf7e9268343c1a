# Implicit representation of a small 2-D texture with sine layers (Sitzmann et al. 2020), omega_0 = 30.
# Pure tensors, hand-rolled training loop.
import math
import torch

torch.manual_seed(8)
torch.set_num_threads(1)

OMEGA = 30.0
SIDE, WIDTH, HIDDEN = 40, 64, 3


def texture(xy):
    x, y = xy[:, 0], xy[:, 1]
    r = (x * x + y * y).sqrt()
    t = 0.5 * torch.sin(9 * r + 3 * x) + 0.3 * torch.cos(6 * x * y + 2 * y) + 0.2 * torch.sign(torch.sin(4 * x))
    return t[:, None]


def grid(n, shift=0.0):
    a = torch.linspace(-1, 1, n) + shift
    yy, xx = torch.meshgrid(a, a, indexing="ij")
    return torch.stack([xx.reshape(-1), yy.reshape(-1)], 1)


coords = grid(SIDE)
target = texture(coords)
between = grid(SIDE - 1, 1.0 / (SIDE - 1))[: (SIDE - 1) * (SIDE - 2)]
held_out = texture(between)


def dense(fan_in, fan_out):
    bound = math.sqrt(6.0 / fan_in)
    w = torch.empty(fan_in, fan_out).uniform_(-bound, bound)
    b = torch.empty(fan_out).uniform_(-bound, bound)
    return w.requires_grad_(), b.requires_grad_()


first = torch.empty(2, WIDTH).uniform_(-0.5, 0.5).requires_grad_(), torch.zeros(WIDTH, requires_grad=True)
layers = [first] + [dense(WIDTH, WIDTH) for _ in range(HIDDEN - 1)]
out = torch.empty(WIDTH, 1).uniform_(-1, 1).mul_(math.sqrt(6 / WIDTH) / OMEGA).requires_grad_(), torch.zeros(1, requires_grad=True)


def field(xy):
    h = xy
    for w, b in layers:
        h = torch.sin(OMEGA * (h @ w + b))
    return h @ out[0] + out[1]


params = [p for pair in layers + [out] for p in pair]
opt = torch.optim.Adam(params, lr=4e-4)
for it in range(501):
    k = torch.randint(0, len(coords), (512,))
    loss = (field(coords[k]) - target[k]).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 100 == 0:
        print(f"iter {it:4d}  mse {loss.item():.5f}")

with torch.no_grad():
    mse = (field(between) - held_out).pow(2).mean().item()
    fit = (field(coords) - target).pow(2).mean().item()
print(f"mse on the grid {fit:.5f}, between the grid points {mse:.5f} (variance of the texture {held_out.var().item():.5f})")
print(f"psnr between the grid points {10 * math.log10(4 / mse):.2f} dB")
