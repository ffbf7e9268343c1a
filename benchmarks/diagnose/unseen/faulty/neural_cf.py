"""Neural collaborative filtering on synthetic movie ratings (user/item towers + MLP)."""
import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
N_USERS, N_ITEMS, N_RATINGS = 300, 200, 24000


def make_ratings(rng):
    """Users like genres to a different degree; rating 1..5 from the match of tastes."""
    u_taste, i_genre = rng.normal(size=(N_USERS, 3)), rng.normal(size=(N_ITEMS, 3))
    u = rng.integers(0, N_USERS, N_RATINGS)
    i = rng.integers(0, N_ITEMS, N_RATINGS)
    score = (u_taste[u] * i_genre[i]).sum(1) * 0.7 + rng.normal(0, 0.3, N_RATINGS)
    return u, i, np.clip(3 + score, 1, 5).astype(np.float32)


class NCF(nn.Module):
    def __init__(self, dim=12, hidden=(64, 32)):
        super().__init__()
        self.user = nn.Embedding(N_USERS, dim)
        self.item = nn.Embedding(N_ITEMS, dim)
        layers, n = [], 2 * dim
        for h in hidden:
            layers += [nn.Linear(n, h), nn.ReLU()]
            n = h
        self.mlp = nn.Sequential(*layers)
        self.out = nn.Linear(n, 1)
        self.apply(self._init)
        nn.init.constant_(self.out.bias, 3.0)

    @staticmethod
    def _init(m):
        if isinstance(m, nn.Linear):
            nn.init.constant_(m.weight, 0.05)
            nn.init.zeros_(m.bias)
        elif isinstance(m, nn.Embedding):
            nn.init.normal_(m.weight, std=0.5)

    def forward(self, u, i):
        z = torch.cat([self.user(u), self.item(i)], dim=1)
        return self.out(self.mlp(z)).squeeze(1)


def evaluate(model, u, i, r):
    model.eval()
    with torch.no_grad():
        return (model(u, i) - r).pow(2).mean().sqrt().item()


def main():
    torch.manual_seed(SEED)
    u, i, r = make_ratings(np.random.default_rng(SEED))
    u, i, r = torch.tensor(u), torch.tensor(i), torch.tensor(r)
    cut = int(0.85 * N_RATINGS)
    loader = DataLoader(TensorDataset(u[:cut], i[:cut], r[:cut]), batch_size=128, shuffle=True)
    model = NCF()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-5)
    loss_fn = nn.MSELoss()
    for epoch in range(8):
        model.train()
        for bu, bi, br in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(bu, bi), br)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: test RMSE {evaluate(model, u[cut:], i[cut:], r[cut:]):.4f}")
    print(f"final test RMSE: {evaluate(model, u[cut:], i[cut:], r[cut:]):.4f}  (std of ratings {r.std().item():.4f})")


if __name__ == "__main__":
    main()
