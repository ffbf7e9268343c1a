import torch
import torch.nn.functional as F
from math import pi

g = torch.Generator().manual_seed(5)
n = 600
t = torch.rand(n, generator=g) * 2.5 * pi + 0.5
cls = torch.arange(n) % 2
ang = t + cls * pi
pts = torch.stack([t * ang.cos(), t * ang.sin()], 1) / 4 + 0.03 * torch.randn(n, 2, generator=g)


def init(i, o):
    w = torch.randn(i, o, generator=g) * (1.5 / i ** 0.5)
    return [w.requires_grad_(), torch.zeros(o, requires_grad=True)]


params = init(2, 64) + init(64, 64) + init(64, 64) + init(64, 2)


def forward(x):
    w1, b1, w2, b2, w3, b3, w4, b4 = params
    h = x @ w1 + b1
    torch.tanh(h)
    h = h @ w2 + b2
    torch.tanh(h)
    h = h @ w3 + b3
    torch.tanh(h)
    return h @ w4 + b4


train, test = slice(0, 450), slice(450, n)
opt = torch.optim.RMSprop(params, lr=2e-3)
for step in range(1500):
    opt.zero_grad()
    loss = F.cross_entropy(forward(pts[train]), cls[train])
    loss.backward()
    opt.step()
    if step % 250 == 0:
        print(f"step {step} loss {loss.item():.4f}")
with torch.no_grad():
    print("test acc", (forward(pts[test]).argmax(1) == cls[test]).float().mean().item())
