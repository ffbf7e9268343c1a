"""Rating prediction (0 to 10 stars) from user and item embeddings."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(4)
USERS, ITEMS, N = 150, 100, 8000
u, i = torch.randint(0, USERS, (N,)), torch.randint(0, ITEMS, (N,))
pu, qi = torch.randn(USERS, 3), torch.randn(ITEMS, 3)
stars = (5.5 + 1.2 * (pu[u] * qi[i]).sum(1) + 0.3 * torch.randn(N)).clamp(0, 10)


class Recommender(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.user = nn.Embedding(USERS, dim)
        self.item = nn.Embedding(ITEMS, dim)
        self.mlp = nn.Sequential(nn.Linear(3 * dim, 64), nn.ReLU(), nn.Linear(64, 1), nn.Tanh())

    def forward(self, users, items):
        a, b = self.user(users), self.item(items)
        return self.mlp(torch.cat([a, b, a * b], dim=1)).squeeze(1)


loader = DataLoader(TensorDataset(u[:7000], i[:7000], stars[:7000]), batch_size=200, shuffle=True)
model = Recommender()
emb_opt = torch.optim.Adagrad([*model.user.parameters(), *model.item.parameters()], lr=0.05)
mlp_opt = torch.optim.Adam(model.mlp.parameters(), lr=3e-3)
loss_fn = nn.MSELoss()
for epoch in range(15):
    total = 0.0
    for users, items, r in loader:
        loss = loss_fn(model(users, items), r)
        emb_opt.zero_grad()
        mlp_opt.zero_grad()
        loss.backward()
        emb_opt.step()
        mlp_opt.step()
        total += loss.item()
    if epoch % 3 == 0:
        print(f"epoch {epoch}: {total / len(loader):.4f}")
with torch.no_grad():
    print("test mse", loss_fn(model(u[7000:], i[7000:]), stars[7000:]).item())
