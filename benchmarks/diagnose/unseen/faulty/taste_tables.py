"""Rating model with large lookup tables and a small interaction tower."""
import torch
torch.set_num_threads(1)
import torch.nn as nn

OPTS = {
    "users": 200, "items": 150, "latent": 12, "ctx": 6,
    "table_dtype": torch.bfloat16, "tower_dtype": torch.float32,
    "lr": 1.2e-3, "batch": 512, "steps": 1800,
}


class RatingModel(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.user = nn.Embedding(o["users"], o["latent"], dtype=o["table_dtype"])
        self.item = nn.Embedding(o["items"], o["latent"], dtype=o["table_dtype"])
        for table in (self.user, self.item):
            nn.init.normal_(table.weight, std=0.3)
        self.tower = nn.Sequential(
            nn.Linear(o["latent"] + o["ctx"], 32, dtype=o["tower_dtype"]),
            nn.ReLU(),
            nn.Linear(32, 1, dtype=o["tower_dtype"]),
        )

    def forward(self, u, i, ctx):
        mix = (self.user(u) * self.item(i)).to(ctx.dtype)
        return mix.sum(1) + self.tower(torch.cat([mix, ctx], dim=1)).squeeze(1)


def ratings(o, n, seed):
    g = torch.Generator().manual_seed(100)
    pu = torch.randn(o["users"], 4, generator=g)
    qi = torch.randn(o["items"], 4, generator=g)
    wc = torch.randn(o["ctx"], generator=g)
    g = torch.Generator().manual_seed(seed)
    u = torch.randint(o["users"], (n,), generator=g)
    i = torch.randint(o["items"], (n,), generator=g)
    c = torch.randn(n, o["ctx"], generator=g)
    r = (pu[u] * qi[i]).sum(1) / 2 + 0.3 * torch.tanh(c @ wc) + 0.1 * torch.randn(n, generator=g)
    return u, i, c, r


torch.manual_seed(40)
u, i, c, r = ratings(OPTS, 20000, 1)
hu, hi, hc, hr = ratings(OPTS, 5000, 2)
model = RatingModel(OPTS)
optimizer = torch.optim.Adam(model.parameters(), lr=OPTS["lr"])
for step in range(OPTS["steps"]):
    k = torch.randint(len(u), (OPTS["batch"],))
    optimizer.zero_grad()
    loss = (model(u[k], i[k], c[k]) - r[k]).pow(2).mean()
    loss.backward()
    optimizer.step()
    if step % 200 == 199:
        print(f"{step + 1} mse {loss.item():.4f}")
with torch.no_grad():
    r2 = 1 - (model(hu, hi, hc) - hr).pow(2).mean() / hr.var()
print(f"final r2 {r2.item():.4f}")
