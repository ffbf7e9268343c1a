import torch
import torch.nn as nn

torch.manual_seed(0)
N_USERS, N_ITEMS, N = 120, 80, 9000
u_true, i_true = torch.randn(N_USERS, 3), torch.randn(N_ITEMS, 3)
users = torch.randint(0, N_USERS, (N,))
items = torch.randint(0, N_ITEMS, (N,))
ratings = (u_true[users] * i_true[items]).sum(1) / 1.7 + 0.1 * torch.randn(N)


def reset(module):
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.zeros_(module.weight)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)


class Recommender(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.user = nn.Embedding(N_USERS, dim)
        self.item = nn.Embedding(N_ITEMS, dim)
        self.mlp = nn.Sequential(
            nn.Linear(3 * dim, 64), nn.Tanh(),
            nn.Linear(64, 32), nn.Tanh(),
            nn.Linear(32, 1),
        )
        self.apply(reset)

    def forward(self, u, i):
        a, b = self.user(u), self.item(i)
        return self.mlp(torch.cat([a, b, a * b], dim=1)).squeeze(1)


model = Recommender()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
train_idx, test_idx = torch.arange(8000), torch.arange(8000, N)

for epoch in range(8):
    for b in train_idx[torch.randperm(8000)].split(128):
        loss = nn.functional.mse_loss(model(users[b], items[b]), ratings[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", round(loss.item(), 4))

model.eval()
with torch.no_grad():
    print("test mse", nn.functional.mse_loss(model(users[test_idx], items[test_idx]), ratings[test_idx]).item())
