"""Graph-level regression with a message passing network on random ring/chain 'molecules'."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(8)

N_ATOMS, N_TYPES = 12, 5
CHARGE = torch.tensor([0.3, -0.6, 0.9, -0.2, 0.5])


def random_graphs(n):
    types = torch.randint(0, N_TYPES, (n, N_ATOMS))
    idx = torch.arange(N_ATOMS - 1)
    adj = torch.zeros(n, N_ATOMS, N_ATOMS)
    adj[:, idx, idx + 1] = 1
    is_ring = torch.rand(n) < 0.5
    adj[is_ring, 0, -1] = 1
    for _ in range(3):
        i, j = torch.randint(0, N_ATOMS, (2, n))
        ok = (i - j).abs() > 1
        adj[torch.arange(n)[ok], torch.minimum(i, j)[ok], torch.maximum(i, j)[ok]] = 1
    adj = adj + adj.transpose(1, 2)
    q = CHARGE[types]
    pair = (adj * q[:, :, None] * q[:, None, :]).sum((1, 2)) / 2
    crowd = F.relu(adj.sum(-1) - 2.0).sum(1)
    y = pair + 0.3 * crowd
    return F.one_hot(types, N_TYPES).float(), adj, (y - 0.8) / 1.2


class MPLayer(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.msg = nn.Linear(dim, dim)
        self.upd = nn.Linear(2 * dim, dim)

    def forward(self, h, adj):
        m = adj @ F.relu(self.msg(h)) / 3.0
        return F.relu(self.upd(torch.cat([h, m], -1)))


class MPNN(nn.Module):
    def __init__(self, dim=48, layers=10):
        super().__init__()
        self.embed = nn.Linear(N_TYPES, dim)
        self.layers = nn.ModuleList([MPLayer(dim) for _ in range(layers)])
        self.readout = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, 1))
        self.apply(self.init_weights)

    def init_weights(self, m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, mean=0.0, std=0.01)
            nn.init.zeros_(m.bias)

    def forward(self, x, adj):
        h = self.embed(x)
        for layer in self.layers:
            h = layer(h, adj)
        return self.readout(h.mean(1)).squeeze(-1)


train = random_graphs(3000)
test = random_graphs(600)
model = MPNN()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(1, 9):
    perm = torch.randperm(3000)
    total = 0.0
    for idx in perm.split(64):
        x, adj, y = (t[idx] for t in train)
        loss = F.mse_loss(model(x, adj), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    with torch.no_grad():
        pred = model(test[0], test[1])
        mse = F.mse_loss(pred, test[2]).item()
    print(f"epoch {epoch}  train {total / 3000:.4f}  test mse {mse:.4f}  (var {test[2].var():.3f})")
print(f"final test mse {mse:.4f}")
