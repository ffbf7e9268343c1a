import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(3)

N_REGIMES, D = 6, 10


def make_data(n, centers, coefs, offs):
    z = torch.randint(0, N_REGIMES, (n,))
    x = centers[z] + 0.8 * torch.randn(n, D)
    y = (x * coefs[z]).sum(1) + offs[z] + 0.1 * torch.randn(n)
    return x, y


centers = 2.0 * torch.randn(N_REGIMES, D)
coefs = torch.randn(N_REGIMES, D)
offs = 3 * torch.randn(N_REGIMES)
xtr, ytr = make_data(4000, centers, coefs, offs)
xte, yte = make_data(1500, centers, coefs, offs)
mu, sd = ytr.mean(), ytr.std()
ytr, yte = (ytr - mu) / sd, (yte - mu) / sd


class Router(nn.Module):
    def __init__(self, d, n_experts, temperature=1.0):
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(d, 32) * (2.0 / d) ** 0.5)
        self.b1 = nn.Parameter(torch.zeros(32))
        self.w2 = nn.Parameter(torch.randn(32, n_experts) * 0.2)
        self.temperature = temperature

    def forward(self, x):
        h = x @ self.w1 + self.b1
        h = torch.where(h > 0, h, 0.1 * h)
        scores = h @ self.w2 / self.temperature
        return F.one_hot(scores.argmax(-1), scores.shape[-1]).to(x.dtype)


class Expert(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.w = nn.Parameter(torch.randn(d, 1) * d ** -0.5)
        self.b = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return x @ self.w + self.b


class MixtureRegressor(nn.Module):
    def __init__(self, d, n_experts):
        super().__init__()
        self.router = Router(d, n_experts)
        self.experts = nn.ModuleList([Expert(d) for _ in range(n_experts)])

    def forward(self, x):
        gates = self.router(x)
        outs = torch.cat([e(x) for e in self.experts], dim=1)
        return (gates * outs).sum(1), gates


model = MixtureRegressor(D, 8)
opt = torch.optim.Adam([
    {"params": model.router.parameters(), "lr": 5e-3},
    {"params": model.experts.parameters(), "lr": 1e-2},
])
bs, accum = 64, 2
step = 0
for epoch in range(40):
    perm = torch.randperm(len(xtr))
    tot = 0.0
    for i in range(0, len(xtr), bs):
        idx = perm[i:i + bs]
        pred, gates = model(xtr[idx])
        load = gates.mean(0)
        loss = (pred - ytr[idx]).pow(2).mean() + 1e-3 * (load * load).sum() * 8
        (loss / accum).backward()
        tot += loss.item() * len(idx)
        step += 1
        if step % accum == 0:
            opt.step()
            opt.zero_grad()
    if epoch % 5 == 0:
        print(epoch, round(tot / len(xtr), 4))

with torch.no_grad():
    pred, _ = model(xte)
    r2 = 1 - (pred - yte).pow(2).mean() / yte.var()
print(f"final_metric r2 {r2.item():.4f}")
