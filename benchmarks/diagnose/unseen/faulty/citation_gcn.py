"""Graph convolutional network for node classification on a synthetic citation graph."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

N_CLASSES = 5
NODES = 500
FEATURES = 32


def make_graph(seed=0, p_in=0.07, p_out=0.014):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, N_CLASSES, NODES)
    prob = np.where(y[:, None] == y[None, :], p_in, p_out)
    upper = np.triu(rng.random((NODES, NODES)) < prob, 1)
    adj = (upper | upper.T).astype(np.float32)
    centers = rng.normal(0, 1, (N_CLASSES, FEATURES))
    x = 0.25 * centers[y] + rng.normal(0, 1, (NODES, FEATURES))
    return torch.from_numpy(adj), torch.tensor(x, dtype=torch.float32), torch.from_numpy(y)


def propagation_matrix(adj):
    a = adj + torch.eye(adj.size(0))
    deg = a.sum(1)
    d = deg.pow(-0.5)
    a_hat = d[:, None] * a * d[None, :]
    return a


class GraphConv(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(d_in, d_out))
        self.bias = nn.Parameter(torch.zeros(d_out))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x, prop):
        return prop @ (x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, depth=6, width=32):
        super().__init__()
        dims = [FEATURES] + [width] * (depth - 1) + [N_CLASSES]
        self.convs = nn.ModuleList(GraphConv(a, b) for a, b in zip(dims[:-1], dims[1:]))

    def forward(self, x, prop):
        for conv in self.convs[:-1]:
            x = F.elu(conv(x, prop))
        return self.convs[-1](x, prop)


torch.manual_seed(0)
adj, x, y = make_graph()
prop = propagation_matrix(adj)
perm = torch.randperm(NODES)
train_idx, test_idx = perm[:60], perm[60:]

model = GCN()
opt = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=5e-4)
for epoch in range(120):
    model.train()
    opt.zero_grad()
    loss = F.cross_entropy(model(x, prop)[train_idx], y[train_idx])
    loss.backward()
    opt.step()
    if epoch % 20 == 0:
        print(f"epoch {epoch:3d} loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    out = model(x, prop)[test_idx]
print("test loss", round(F.cross_entropy(out, y[test_idx]).item(), 4))
print("test accuracy", round((out.argmax(1) == y[test_idx]).float().mean().item(), 4))
