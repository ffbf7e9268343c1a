"""Two-tower rating model."""
import torch
from torch import nn

torch.set_num_threads(1)
SEED = 12


class UserTower(nn.Module):
    def __init__(self, n, d):
        super().__init__()
        self.table = nn.Embedding(n, d)
        self.proj = nn.Sequential(nn.Linear(d, d), nn.PReLU(), nn.Linear(d, d))

    def forward(self, u):
        e = self.table(u)
        return e + self.proj(e)


class FilmTower(nn.Module):
    def __init__(self, n, d):
        super().__init__()
        self.table = nn.Embedding(n, d)
        self.proj = nn.Sequential(nn.Linear(d, d), nn.PReLU(), nn.Linear(d, d))

    def forward(self, f):
        e = self.table(f)
        return e + self.proj(e)


class Rater(nn.Module):
    def __init__(self, users, films, d=12):
        super().__init__()
        self.users = UserTower(users, d)
        self.films = FilmTower(films, d)
        self.bias = nn.Parameter(torch.zeros(1))
        self.scale = d ** -0.5

    def lookup(self, f):
        ids, back = f.unique(return_inverse=True)  # films repeat a lot inside a batch
        vecs = self.films(ids).detach()
        return vecs[back]

    def forward(self, u, f):
        return (self.users(u) * self.lookup(f)).sum(-1) * self.scale + self.bias


def ratings(users, films, n, g):
    p, q = torch.randn(users, 3, generator=g), torch.randn(films, 3, generator=g)
    u = torch.randint(0, users, (n,), generator=g)
    f = torch.randint(0, films, (n,), generator=g)
    return u, f, (p[u] * q[f]).sum(1) + 0.2 * torch.randn(n, generator=g)


g = torch.Generator().manual_seed(SEED)
torch.manual_seed(SEED)
u, f, r = ratings(500, 300, 24000, g)
cut = 20000
model = Rater(500, 300)
opt = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-5)
for epoch in range(24):
    for i in torch.randperm(cut).split(250):
        opt.zero_grad()
        loss = (model(u[i], f[i]) - r[i]).pow(2).mean()
        loss.backward()
        opt.step()
    with torch.no_grad():
        rmse = (model(u[cut:], f[cut:]) - r[cut:]).pow(2).mean().sqrt()
    print(f"epoch {epoch + 1} test_rmse {rmse:.4f} (std {r[cut:].std():.4f})")
print(f"final test_rmse {rmse:.4f}")
