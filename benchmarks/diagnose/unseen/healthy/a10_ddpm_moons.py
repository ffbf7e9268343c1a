import math
import torch
from sklearn.datasets import make_moons

torch.manual_seed(0)
X = torch.tensor(make_moons(4000, noise=0.05, random_state=0)[0], dtype=torch.float32)
X = (X - X.mean(0)) / X.std(0)
T = 50
beta = torch.linspace(1e-3, 0.15, T)
abar = torch.cumprod(1 - beta, 0)


def time_embedding(t, dim=32):
    freq = torch.exp(-math.log(1000.0) * torch.arange(dim // 2) / (dim // 2))
    arg = t[:, None].float() * freq[None]
    return torch.cat([arg.sin(), arg.cos()], dim=1)


class Denoiser(torch.nn.Module):
    def __init__(self, h=96):
        super().__init__()
        self.inp = torch.nn.Linear(2, h)
        self.blocks = torch.nn.ModuleList(torch.nn.Linear(h, h) for _ in range(3))
        self.temb = torch.nn.ModuleList(torch.nn.Linear(32, h) for _ in range(3))
        self.out = torch.nn.Linear(h, 2)
        torch.nn.init.zeros_(self.out.weight)      # predict zero noise at first

    def forward(self, x, t):
        e = time_embedding(t)
        h = self.inp(x)
        for lin, te in zip(self.blocks, self.temb):
            h = h + lin(torch.nn.functional.silu(h + te(e)))
        return self.out(torch.nn.functional.silu(h))


net = Denoiser()
ema = {k: v.clone() for k, v in net.state_dict().items()}
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
run = None
for it in range(600):
    x0 = X[torch.randint(0, len(X), (128,))]
    t = torch.randint(0, T, (128,))
    eps = torch.randn_like(x0)
    xt = abar[t].sqrt()[:, None] * x0 + (1 - abar[t]).sqrt()[:, None] * eps
    loss = ((net(xt, t) - eps) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    for k, v in net.state_dict().items():
        ema[k].lerp_(v, 0.03)
    run = loss.item() if run is None else 0.98 * run + 0.02 * loss.item()
    if it % 100 == 0:
        print(it, f"smoothed loss {run:.3f}")

net.load_state_dict(ema)
with torch.no_grad():
    x = torch.randn(500, 2)
    for i in reversed(range(T)):
        e = net(x, torch.full((500,), i))
        x = (x - beta[i] / (1 - abar[i]).sqrt() * e) / (1 - beta[i]).sqrt()
        if i:
            x = x + beta[i].sqrt() * torch.randn_like(x)
    near = torch.cdist(x, X).amin(1).mean().item()
    base = torch.cdist(torch.randn(500, 2), X).amin(1).mean().item()
print(f"distance of samples to the data {near:.3f}; of plain gaussian draws {base:.3f}")
