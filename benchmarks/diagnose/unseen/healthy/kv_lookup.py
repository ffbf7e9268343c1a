"""Key-value lookup with one attention read; the read should become almost a hard pointer."""
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
N_KEYS, N_VALS, SLOTS = 16, 12, 8


def sample(n):
    keys = torch.rand(n, N_KEYS).argsort(1)[:, :SLOTS]      # distinct keys
    vals = torch.randint(0, N_VALS, (n, SLOTS))
    pick = torch.randint(0, SLOTS, (n, 1))
    return keys, vals, keys.gather(1, pick).squeeze(1), vals.gather(1, pick).squeeze(1)


class Reader(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.key_emb = nn.Embedding(N_KEYS, d)
        self.val_emb = nn.Embedding(N_VALS, d)
        self.q, self.k, self.v = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d)
        self.log_scale = nn.Parameter(torch.tensor(2.3))
        self.out = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, N_VALS))

    def forward(self, keys, vals, query):
        q = F.normalize(self.q(self.key_emb(query)), dim=-1)
        k = F.normalize(self.k(self.key_emb(keys)), dim=-1)
        score = self.log_scale.exp() * torch.einsum("bd,bsd->bs", q, k)
        w = F.softmax(score, dim=-1)
        return self.out(torch.einsum("bs,bsd->bd", w, self.v(self.val_emb(vals)))), w


net = Reader()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for it in range(800):
    *inp, tgt = sample(128)
    logits, w = net(*inp)
    loss = F.cross_entropy(logits, tgt)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 200 == 199:
        with torch.no_grad():
            *inp, tgt = sample(1000)
            logits, w = net(*inp)
        print(f"{it + 1}: loss {loss.item():.4f} acc {(logits.argmax(1) == tgt).float().mean():.3f} "
              f"max attention {w.max(1).values.mean():.3f} scale {net.log_scale.exp().item():.1f}")
