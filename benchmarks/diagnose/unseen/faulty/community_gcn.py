"""Semi-supervised node classification on a synthetic citation graph (dense adjacency)."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)

NODES, CLASSES, FEATS = 600, 5, 32
P_IN, P_OUT = 0.15, 0.02


def build_graph():
    labels = torch.arange(NODES) % CLASSES
    same = labels[:, None] == labels[None, :]
    prob = torch.where(same, torch.tensor(P_IN), torch.tensor(P_OUT))
    upper = torch.triu((torch.rand(NODES, NODES) < prob).float(), diagonal=1)
    adj = upper + upper.t()
    centers = torch.randn(CLASSES, FEATS)
    feats = 0.5 * centers[labels] + 1.5 * torch.randn(NODES, FEATS)
    return adj, feats, labels


def propagation_matrix(adj):
    a = adj + torch.eye(adj.shape[0])
    return a


class GraphConv(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_in, n_out))
        self.bias = nn.Parameter(torch.zeros(n_out))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x, a):
        return a @ (x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, hidden=32, layers=4):
        super().__init__()
        dims = [FEATS] + [hidden] * (layers - 1) + [CLASSES]
        self.layers = nn.ModuleList(GraphConv(i, o) for i, o in zip(dims, dims[1:]))

    def forward(self, x, a):
        for layer in self.layers[:-1]:
            x = F.elu(layer(x, a))
        return self.layers[-1](x, a)


adj, feats, labels = build_graph()
a = propagation_matrix(adj)
perm = torch.randperm(NODES)
train_idx, test_idx = perm[:120], perm[120:]

model = GCN()
opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
for epoch in range(300):
    model.train()
    opt.zero_grad()
    out = model(feats, a)
    loss = F.cross_entropy(out[train_idx], labels[train_idx])
    loss.backward()
    opt.step()
    if epoch % 50 == 0:
        print(f"epoch {epoch:3d}  loss {loss.item():.4g}")

model.eval()
with torch.no_grad():
    pred = model(feats, a).argmax(1)
    acc = (pred[test_idx] == labels[test_idx]).float().mean().item()
print(f"test accuracy {acc:.4f}")
