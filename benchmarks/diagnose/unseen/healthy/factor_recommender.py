"""Matrix factorisation for ratings: user and item towers are linear, the score is their dot product."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)


def synthetic_ratings(users=400, items=300, rank=5, density=0.25, seed=0):
    rng = np.random.default_rng(seed)
    u, v = rng.normal(size=(users, rank)), rng.normal(size=(items, rank))
    bias_u, bias_i = rng.normal(0, 0.3, users), rng.normal(0, 0.5, items)
    r = 3.5 + 0.45 * u @ v.T / np.sqrt(rank) * 2 + bias_u[:, None] + bias_i[None]
    r = np.clip(r + rng.normal(0, 0.2, r.shape), 1, 6)
    uu, ii = np.nonzero(rng.random(r.shape) < density)
    order = rng.permutation(len(uu))
    uu, ii = uu[order], ii[order]
    return torch.tensor(uu), torch.tensor(ii), torch.tensor(r[uu, ii], dtype=torch.float32), users, items


class FactorModel(nn.Module):
    def __init__(self, users, items, dim=24, rank=6, mean=0.0):
        super().__init__()
        self.user, self.item = nn.Embedding(users, dim), nn.Embedding(items, dim)
        self.user_proj = nn.Linear(dim, rank, bias=False)
        self.item_proj = nn.Linear(dim, rank, bias=False)
        self.user_bias, self.item_bias = nn.Embedding(users, 1), nn.Embedding(items, 1)
        self.mean = mean
        for e in (self.user, self.item):
            nn.init.normal_(e.weight, std=0.3)
        for e in (self.user_bias, self.item_bias):
            nn.init.zeros_(e.weight)

    def forward(self, u, i):
        pu, qi = self.user_proj(self.user(u)), self.item_proj(self.item(i))
        return self.mean + (pu * qi).sum(-1) + self.user_bias(u).squeeze(-1) + self.item_bias(i).squeeze(-1)


def main():
    torch.manual_seed(0)
    u, i, r, nu, ni = synthetic_ratings()
    cut = int(0.85 * len(r))
    train = DataLoader(TensorDataset(u[:cut], i[:cut], r[:cut]), batch_size=256, shuffle=True)
    mean = r[:cut].mean().item()
    model = FactorModel(nu, ni, mean=mean)
    opt = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-5)
    base = (r[cut:] - mean).pow(2).mean().sqrt().item()
    for epoch in range(20):
        model.train()
        for ub, ib, rb in train:
            loss = nn.functional.mse_loss(model(ub, ib), rb)
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 4 == 3:
            model.eval()
            with torch.no_grad():
                rmse = (model(u[cut:], i[cut:]) - r[cut:]).pow(2).mean().sqrt().item()
            print(f"epoch {epoch + 1} val rmse {rmse:.4f} (global mean {base:.4f})")


if __name__ == "__main__":
    main()
