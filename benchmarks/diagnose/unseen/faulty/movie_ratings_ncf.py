"""Neural collaborative filtering on a synthetic rating matrix."""
import numpy as np
import torch
import torch.nn as nn

N_USERS, N_ITEMS, RANK = 300, 200, 4


def make_ratings(seed=0, n=44000):
    rng = np.random.default_rng(seed)
    U = rng.normal(0, 1, (N_USERS, RANK))
    V = rng.normal(0, 1, (N_ITEMS, RANK))
    u = rng.integers(0, N_USERS, n)
    i = rng.integers(0, N_ITEMS, n)
    r = 3.0 + 0.6 * (U[u] * V[i]).sum(1) + rng.normal(0, 0.2, n)
    r = np.clip(r, 0.5, 5.0).astype(np.float32)
    return torch.from_numpy(u), torch.from_numpy(i), torch.from_numpy(r)


class NCF(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.user = nn.Embedding(N_USERS, dim)
        self.item = nn.Embedding(N_ITEMS, dim)
        self.user_bias = nn.Embedding(N_USERS, 1)
        self.item_bias = nn.Embedding(N_ITEMS, 1)
        self.mlp = nn.Sequential(
            nn.Linear(3 * dim, 64), nn.ReLU(),
            nn.Linear(64, 32), nn.ReLU(),
            nn.Linear(32, 1),
        )
        self.mean = nn.Parameter(torch.tensor(3.0))
        self.reset_parameters()

    def reset_parameters(self):
        for emb in (self.user, self.item):
            nn.init.normal_(emb.weight, std=0.5)
        for emb in (self.user_bias, self.item_bias):
            nn.init.zeros_(emb.weight)
        for m in self.mlp:
            if isinstance(m, nn.Linear):
                nn.init.zeros_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, u, i):
        pu, qi = self.user(u), self.item(i)
        z = torch.cat([pu, qi, pu * qi], dim=1)
        bias = self.user_bias(u).squeeze(1) + self.item_bias(i).squeeze(1)
        return self.mean + bias + self.mlp(z).squeeze(1)


def rmse(model, data):
    model.eval()
    with torch.no_grad():
        out = model(data[0], data[1])
    model.train()
    return (out - data[2]).pow(2).mean().sqrt().item()


if __name__ == "__main__":
    torch.manual_seed(0)
    u, i, r = make_ratings()
    tr = (u[:40000], i[:40000], r[:40000])
    te = (u[40000:], i[40000:], r[40000:])
    model = NCF()
    opt = torch.optim.Adam(model.parameters(), lr=4e-3, weight_decay=1e-5)
    for epoch in range(12):
        perm = torch.randperm(len(tr[0]))
        for b in perm.split(256):
            loss = nn.functional.mse_loss(model(tr[0][b], tr[1][b]), tr[2][b])
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"epoch {epoch} train rmse {rmse(model, tr):.4f} test rmse {rmse(model, te):.4f}")
    print("test rmse", round(rmse(model, te), 4))
