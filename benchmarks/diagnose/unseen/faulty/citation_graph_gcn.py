import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(5)
rng = np.random.default_rng(5)


def citation_like_graph(n=900, classes=6, p_in=0.10, p_out=0.008, d=64):
    y = rng.integers(0, classes, n)
    same = y[:, None] == y[None, :]
    a = rng.random((n, n)) < np.where(same, p_in, p_out)
    a = np.triu(a, 1)
    a = (a | a.T).astype(np.float32)
    centers = rng.normal(0, 1, (classes, d))
    x = centers[y] * 0.6 + rng.normal(0, 1, (n, d))
    return torch.tensor(a), torch.tensor(x, dtype=torch.float32), torch.tensor(y)


def propagation_matrix(a):
    return a + torch.eye(a.shape[0])


class GraphConv(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.lin = nn.Linear(d_in, d_out, bias=True)

    def forward(self, x, prop):
        return prop @ self.lin(x)


class GCN(nn.Module):
    def __init__(self, d_in, d_hidden, n_classes, n_layers=4, dropout=0.2):
        super().__init__()
        dims = [d_in] + [d_hidden] * (n_layers - 1) + [n_classes]
        self.convs = nn.ModuleList(GraphConv(a, b) for a, b in zip(dims[:-1], dims[1:]))
        self.dropout = dropout

    def forward(self, x, prop):
        for conv in self.convs[:-1]:
            x = F.relu(conv(x, prop))
            x = F.dropout(x, self.dropout, self.training)
        return self.convs[-1](x, prop)


adj, feats, labels = citation_like_graph()
prop = propagation_matrix(adj)
order = torch.randperm(len(labels))
train_idx, val_idx = order[:180], order[180:]
model = GCN(feats.shape[1], 64, 6)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
for epoch in range(1, 151):
    model.train()
    optimizer.zero_grad()
    out = model(feats, prop)
    loss = F.cross_entropy(out[train_idx], labels[train_idx])
    loss.backward()
    optimizer.step()
    if epoch % 15 == 0:
        model.eval()
        with torch.no_grad():
            acc = (model(feats, prop)[val_idx].argmax(1) == labels[val_idx]).float().mean().item()
        print(f"epoch {epoch:3d} loss {loss.item():.4f} val_acc {acc:.4f}")
print(f"val_acc {acc:.4f}")
