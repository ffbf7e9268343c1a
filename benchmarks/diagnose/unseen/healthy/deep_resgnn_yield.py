"""Deep residual graph network (zero-initialised branches) that predicts a yield in [0, 1] per node."""
import os

import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
N, FEATS, DEPTH = 500, 8, 12


def make_fields():
    """Field plots in the plane; neighbours influence each other."""
    pos = torch.rand(N, 2)
    adj = torch.exp(-torch.cdist(pos, pos).pow(2) / 0.004)
    adj = adj / adj.sum(1, keepdim=True)
    x = torch.randn(N, FEATS)
    local = torch.sin(1.5 * x[:, 0]) + x[:, 1] * x[:, 2]
    spread = adj @ (2.0 * x[:, 3] + x[:, 4].abs())
    y = torch.sigmoid(0.9 * local + 1.5 * (spread - spread.mean()) + 0.1 * torch.randn(N))
    return adj, x, y


class ResGraphBlock(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.own, self.neigh = nn.Linear(d, d), nn.Linear(d, d, bias=False)
        self.act = nn.ReLU()
        self.out = nn.Linear(d, d)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, h, adj):
        z = self.norm(h)
        return h + self.out(self.act(self.own(z) + adj @ self.neigh(z)))


class YieldNet(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.inp = nn.Linear(FEATS, d)
        self.blocks = nn.ModuleList(ResGraphBlock(d) for _ in range(DEPTH))
        self.head = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, 1), nn.Sigmoid())

    def forward(self, x, adj):
        h = self.inp(x)
        for b in self.blocks:
            h = b(h, adj)
        return self.head(h).squeeze(-1)


graphs = [make_fields() for _ in range(6)]
train_graphs, test_graphs = graphs[:4], graphs[4:]
model = YieldNet()
opt = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-3)
loss_fn = nn.MSELoss()
for step in range(400):
    adj, x, y = train_graphs[step % len(train_graphs)]
    loss = loss_fn(model(x, adj), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(f"step {step}  mse {loss.item():.5f}")

model.eval()
with torch.no_grad():
    mse = sum(loss_fn(model(x, a), y).item() for a, x, y in test_graphs) / len(test_graphs)
mean = torch.cat([y for _, _, y in train_graphs]).mean()
base = sum((y - mean).pow(2).mean().item() for _, _, y in test_graphs) / len(test_graphs)
print(f"test mse {mse:.5f}   constant prediction {base:.5f}")
