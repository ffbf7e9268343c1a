"""Semi-supervised node classification on a stochastic block model, deep GCN."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

rng = np.random.default_rng(1)
torch.manual_seed(1)

N, K, D = 400, 4, 16
labels = rng.integers(0, K, N)
same = labels[:, None] == labels[None]
prob = np.where(same, 0.06, 0.008)
upper = np.triu(rng.random((N, N)) < prob, 1)
A = (upper | upper.T).astype(np.float32)
centers = rng.standard_normal((K, D)) * 0.45
feats = centers[labels] + rng.standard_normal((N, D))

y = torch.from_numpy(labels)
x = torch.tensor(feats, dtype=torch.float32)
A_hat = torch.tensor(A) + torch.eye(N)
deg = A_hat.sum(1)
P = A_hat
print(f"{int(A.sum() // 2)} edges, mean degree {deg.mean():.2f}")

order = torch.randperm(N)
train_idx, val_idx = order[:120], order[120:]


class GCNLayer(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.lin = nn.Linear(d_in, d_out)
        nn.init.kaiming_normal_(self.lin.weight, nonlinearity="relu")
        nn.init.zeros_(self.lin.bias)

    def forward(self, h, P):
        return P @ self.lin(h)


class GCN(nn.Module):
    def __init__(self, d_in, d, n_cls, depth):
        super().__init__()
        dims = [d_in] + [d] * (depth - 1)
        self.layers = nn.ModuleList(GCNLayer(a, b) for a, b in zip(dims[:-1], dims[1:]))
        self.cls = nn.Linear(d, n_cls)

    def forward(self, x, P):
        h = x
        for layer in self.layers:
            h = F.elu(layer(h, P))
        return self.cls(h)


model = GCN(D, 32, K, depth=7)
opt = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)
sched = torch.optim.lr_scheduler.StepLR(opt, 100, gamma=0.5)

for step in range(300):
    model.train()
    logits = model(F.dropout(x, 0.1), P)
    loss = F.cross_entropy(logits[train_idx], y[train_idx])
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    sched.step()
    if step % 30 == 0 or step == 299:
        model.eval()
        with torch.no_grad():
            out = model(x, P)
            val = F.cross_entropy(out[val_idx], y[val_idx]).item()
            acc = (out[val_idx].argmax(1) == y[val_idx]).float().mean().item()
        print(f"step {step:3d} train {loss.item():.4f} val {val:.4f} acc {acc:.3f}")
