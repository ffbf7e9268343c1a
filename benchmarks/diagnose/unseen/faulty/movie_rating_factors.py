"""Matrix factorisation recommender on simulated star ratings."""
import os
import numpy as np
import torch
from torch import nn, optim

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 5)))
rng = np.random.default_rng(12)

N_USERS, N_MOVIES, RATINGS = 400, 200, 24000


def simulate():
    taste = rng.normal(0, 1, (N_USERS, 4))
    genre = rng.normal(0, 1, (N_MOVIES, 4))
    popular = rng.normal(0, 0.3, N_MOVIES)
    strict = rng.normal(0, 0.3, N_USERS)
    pairs = rng.choice(N_USERS * N_MOVIES, RATINGS, replace=False)
    u, m = pairs // N_MOVIES, pairs % N_MOVIES
    score = 3.3 + 0.45 * (taste[u] * genre[m]).sum(1) + popular[m] + strict[u]
    stars = np.clip(np.round((score + rng.normal(0, 0.3, RATINGS)) * 2) / 2, 0.5, 5.0)
    return u, m, stars


class MatrixFactorization(nn.Module):
    def __init__(self, n_users, n_movies, n_factors=8):
        super().__init__()
        self.user_factors = nn.Embedding(n_users, n_factors)
        self.movie_factors = nn.Embedding(n_movies, n_factors)
        self.user_bias = nn.Embedding(n_users, 1)
        self.movie_bias = nn.Embedding(n_movies, 1)
        self.mean = nn.Parameter(torch.tensor(3.0))
        nn.init.normal_(self.user_factors.weight, std=0.3)
        nn.init.normal_(self.movie_factors.weight, std=0.3)
        nn.init.zeros_(self.user_bias.weight)
        nn.init.zeros_(self.movie_bias.weight)

    def forward(self, users, movies):
        p = self.user_factors.weight.data[users]
        q = self.movie_factors(movies)
        bias = self.user_bias(users) + self.movie_bias(movies)
        return self.mean + bias.squeeze(1) + (p * q).sum(dim=1)


def batches(u, m, r, size, shuffle=True):
    order = torch.randperm(len(u)) if shuffle else torch.arange(len(u))
    for idx in order.split(size):
        yield u[idx], m[idx], r[idx]


def rmse(model, u, m, r):
    model.eval()
    with torch.no_grad():
        return ((model(u, m) - r) ** 2).mean().sqrt().item()


u, m, stars = simulate()
u, m = torch.as_tensor(u), torch.as_tensor(m)
r = torch.as_tensor(stars, dtype=torch.float32)
n_train = int(0.8 * len(r))
train, test = (u[:n_train], m[:n_train], r[:n_train]), (u[n_train:], m[n_train:], r[n_train:])

model = MatrixFactorization(N_USERS, N_MOVIES)
optimizer = optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-5)
loss_func = nn.MSELoss()

for epoch in range(15):
    model.train()
    total = 0.0
    for bu, bm, br in batches(*train, size=256):
        optimizer.zero_grad()
        loss = loss_func(model(bu, bm), br)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(br)
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1:2d} train mse {total / n_train:.4f} test rmse {rmse(model, *test):.4f}")

print(f"rmse of the mean rating: {(test[2] - train[2].mean()).pow(2).mean().sqrt().item():.4f}")
print(f"final test rmse: {rmse(model, *test):.4f}")
