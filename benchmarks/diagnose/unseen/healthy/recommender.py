# Rating prediction: embeddings with sparse gradients (SparseAdam) and a small dense tower
# (Adagrad). Ratings lie in 1..5; the output is a sigmoid stretched to (0.5, 5.5).
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(0)
rng = np.random.default_rng(0)

USERS, ITEMS, RANK, N = 800, 300, 4, 60000
pu, qi = rng.normal(size=(USERS, RANK)), rng.normal(size=(ITEMS, RANK))
bu, bi = 0.4 * rng.normal(size=USERS), 0.5 * rng.normal(size=ITEMS)
popularity = rng.zipf(1.5, ITEMS).clip(1, 40).astype(float)
u = rng.integers(USERS, size=N)
i = rng.choice(ITEMS, N, p=popularity / popularity.sum())
raw = 3.4 + bu[u] + bi[i] + 0.45 * (pu[u] * qi[i]).sum(1) + 0.3 * rng.normal(size=N)
r = np.clip(np.rint(raw), 1, 5)

U, I, R = torch.tensor(u), torch.tensor(i), torch.tensor(r, dtype=torch.float32)
cut = int(0.9 * N)


class Recommender(nn.Module):
    def __init__(self, d=8):
        super().__init__()
        self.user = nn.Embedding(USERS, d, sparse=True)
        self.item = nn.Embedding(ITEMS, d, sparse=True)
        self.user_b = nn.Embedding(USERS, 1, sparse=True)
        self.item_b = nn.Embedding(ITEMS, 1, sparse=True)
        for e in (self.user, self.item):
            nn.init.normal_(e.weight, std=0.3)
        for e in (self.user_b, self.item_b):
            nn.init.zeros_(e.weight)
        self.tower = nn.Sequential(nn.Linear(3 * d, 24), nn.ReLU(), nn.Linear(24, 1))

    def forward(self, u, i):
        p, q = self.user(u), self.item(i)
        s = (p * q).sum(1) + self.user_b(u)[:, 0] + self.item_b(i)[:, 0]
        s = s + self.tower(torch.cat([p, q, p * q], 1))[:, 0]
        return 0.5 + 5.0 * torch.sigmoid(s)


net = Recommender()
tables = [p for n, p in net.named_parameters() if not n.startswith("tower")]
opt_sparse = torch.optim.SparseAdam(tables, lr=8e-3)
opt_dense = torch.optim.Adagrad(net.tower.parameters(), lr=0.02)


@torch.no_grad()
def rmse(s):
    return F.mse_loss(net(U[s], I[s]), R[s]).sqrt().item()


test = slice(cut, N)
for epoch in range(8):
    perm = torch.randperm(cut)
    for b in perm.split(512):
        loss = F.mse_loss(net(U[b], I[b]), R[b])
        opt_sparse.zero_grad()
        opt_dense.zero_grad()
        loss.backward()
        opt_sparse.step()
        opt_dense.step()
    print(f"epoch {epoch} batch loss {loss.item():.4f} test rmse {rmse(test):.4f}")
print(f"test rmse {rmse(test):.4f} (global mean {R[test].std().item():.4f})")
