import numpy as np
import torch

torch.set_num_threads(1)
import torch.nn.functional as F

np.random.seed(6)
torch.manual_seed(6)

# stochastic block model, weak node features, 12 labelled nodes per community
n_comm, size, feat = 5, 70, 40
N = n_comm * size
community = np.repeat(np.arange(n_comm), size)
prob = np.where(community[:, None] == community[None], 0.10, 0.008)
upper = np.triu(np.random.rand(N, N) < prob, 1)
adj = torch.from_numpy(upper | upper.T | np.eye(N, dtype=bool))
proto = np.random.randn(n_comm, feat)
feats = torch.tensor((0.35 * proto[community] + np.random.randn(N, feat)), dtype=torch.float32)
target = torch.from_numpy(community)
perm = np.random.permutation(N)
labelled = torch.from_numpy(np.concatenate([perm[community[perm] == c][:12] for c in range(n_comm)]))
unseen = torch.ones(N, dtype=torch.bool)
unseen[labelled] = False


class GraphAttention(torch.nn.Module):
    def __init__(self, d_in, d_out, heads, drop):
        super().__init__()
        self.W = torch.nn.Parameter(torch.empty(heads, d_in, d_out))
        self.left = torch.nn.Parameter(torch.empty(heads, d_out))
        self.right = torch.nn.Parameter(torch.empty(heads, d_out))
        bound = (6 / (d_in + d_out)) ** 0.5
        for p in (self.W, self.left, self.right):
            torch.nn.init.uniform_(p, -bound, bound)
        self.drop = drop

    def forward(self, x, adj):
        x = F.dropout(x, self.drop, self.training)
        h = torch.einsum("ni,hio->hno", x, self.W)
        e = (h * self.left[:, None]).sum(2)[:, :, None] + (h * self.right[:, None]).sum(2)[:, None, :]
        e = F.leaky_relu(e, 0.2).masked_fill(~adj, -torch.inf)
        a = F.dropout(torch.softmax(e, 2), self.drop, self.training)
        return torch.einsum("hnm,hmo->nho", a, h)


class GAT(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.g1 = GraphAttention(feat, 8, 4, 0.6)
        self.g2 = GraphAttention(32, n_comm, 1, 0.6)

    def forward(self, x, adj):
        h = F.elu(self.g1(x, adj).flatten(1))
        return self.g2(h, adj).mean(1)


def accuracy(logits):
    return (logits.argmax(1) == target)[unseen].float().mean().item()


flat = torch.nn.Linear(feat, n_comm)
o = torch.optim.Adam(flat.parameters(), 0.01, weight_decay=5e-3)
for _ in range(150):
    o.zero_grad()
    F.cross_entropy(flat(feats)[labelled], target[labelled]).backward()
    o.step()
print("features alone", round(accuracy(flat(feats)), 4))

gat = GAT()
optimizer = torch.optim.Adam(gat.parameters(), lr=0.01, weight_decay=5e-4)
for epoch in range(220):
    gat.train()
    out = gat(feats, adj)
    loss = F.nll_loss(out[labelled].log_softmax(1), target[labelled])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 40 == 0:
        gat.eval()
        with torch.no_grad():
            print(f"epoch {epoch:3d} loss {loss.item():.3f} acc {accuracy(gat(feats, adj)):.3f}")
gat.eval()
with torch.no_grad():
    print("final unseen_accuracy", round(accuracy(gat(feats, adj)), 4))
