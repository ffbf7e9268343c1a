"""Two-layer dense graph attention network on a synthetic citation graph (SBM + bag of words)."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def citation_graph(n=420, classes=6, vocab=120, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % classes
    same = y[:, None] == y[None, :]
    prob = torch.where(same, 0.055, 0.005)
    upper = torch.triu(torch.rand(n, n, generator=g) < prob, 1)
    adj = upper | upper.T
    topics = torch.rand(classes, vocab, generator=g) ** 6
    x = (torch.rand(n, vocab, generator=g) < 0.03 + 0.15 * topics[y]).float()
    adj = adj | torch.eye(n, dtype=torch.bool)
    return x, adj, y


class GATHead(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.lin = nn.Linear(d_in, d_out, bias=False)
        self.a_src = nn.Linear(d_out, 1, bias=False)
        self.a_dst = nn.Linear(d_out, 1, bias=False)

    def forward(self, x, adj):
        h = self.lin(x)
        e = F.leaky_relu(self.a_dst(h) + self.a_src(h).T, 0.2)
        e = e.masked_fill(~adj, float("-inf"))
        return torch.softmax(e, dim=-1) @ h


class GAT(nn.Module):
    def __init__(self, d_in, d_hid, n_cls, heads=4):
        super().__init__()
        self.heads = nn.ModuleList([GATHead(d_in, d_hid) for _ in range(heads)])
        self.out = GATHead(d_hid * heads, n_cls)
        self.drop = nn.Dropout(0.3)

    def forward(self, x, adj):
        h = torch.cat([F.elu(head(x, adj)) for head in self.heads], dim=-1)
        return self.out(self.drop(h), adj)


def drop_edges(adj, p):
    keep = torch.rand(adj.shape) >= p
    keep = torch.triu(keep) | torch.triu(keep, 1).T
    return adj & keep


if __name__ == "__main__":
    torch.manual_seed(42)
    x, adj, y = citation_graph()
    perm = torch.randperm(len(y))
    train_idx, test_idx = perm[:120], perm[120:]
    model = GAT(x.size(1), 16, 6)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=5e-4)

    for epoch in range(1, 201):
        model.train()
        p = min(0.4, 0.4 * epoch / 100)
        logits = model(x, drop_edges(adj, p))
        loss = F.cross_entropy(logits[train_idx], y[train_idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if epoch % 20 == 0:
            model.eval()
            with torch.no_grad():
                pred = model(x, adj).argmax(1)
            acc = (pred[test_idx] == y[test_idx]).float().mean()
            print(f"epoch {epoch:3d}  loss {loss.item():.4f}  test acc {acc:.3f}")
    print(f"final test acc {acc:.4f}")
