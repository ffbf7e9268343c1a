"""Associative lookup: given a set of (key, value) pairs and a query key, return the value.

The key in memory is a noisy rotated version of the query, so the projection has to be learned.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(21)

D_KEY, N_VALUES, N_SLOTS = 12, 8, 10
ROT = torch.linalg.qr(torch.randn(D_KEY, D_KEY)).Q


def batch(n):
    query_space = F.normalize(torch.randn(n, N_SLOTS, D_KEY), dim=-1)
    keys = query_space @ ROT + 0.05 * torch.randn(n, N_SLOTS, D_KEY)
    values = torch.randint(0, N_VALUES, (n, N_SLOTS))
    target = torch.randint(0, N_SLOTS, (n,))
    rows = torch.arange(n)
    return query_space[rows, target], keys, values, values[rows, target]


class MemoryReader(nn.Module):
    def __init__(self, d_model=32):
        super().__init__()
        self.q_proj = nn.Linear(D_KEY, d_model)
        self.k_proj = nn.Linear(D_KEY, d_model)
        self.v_emb = nn.Embedding(N_VALUES, d_model)
        self.scale = d_model ** -0.5
        self.mlp = nn.Sequential(nn.Linear(d_model, 64), nn.ReLU(), nn.Linear(64, N_VALUES))

    def forward(self, q, k, v):
        q = self.q_proj(q).unsqueeze(1)
        k = self.k_proj(k)
        v = self.v_emb(v)
        scores = (q * k).sum(-1) * self.scale
        attn = F.one_hot(scores.argmax(dim=-1), N_SLOTS).float()
        read = torch.einsum("bs,bsd->bd", attn, v)
        return self.mlp(read)


def accuracy(model, n=2000):
    model.eval()
    with torch.no_grad():
        q, k, v, y = batch(n)
        return (model(q, k, v).argmax(-1) == y).float().mean().item()


model = MemoryReader()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=6e-3, total_steps=1200)

for step in range(1200):
    model.train()
    q, k, v, y = batch(128)
    loss = F.cross_entropy(model(q, k, v), y)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % 150 == 149:
        print(f"{step + 1:5d} | loss {loss.item():.4f} | acc {accuracy(model):.3f}")

print(f"final accuracy {accuracy(model):.4f}")
