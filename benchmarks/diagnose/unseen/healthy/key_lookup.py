# A sequence of key/value tokens, padded; the last token is a key, answer with its value.
import math
import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(23)
K, V, MAXP, PAD = 12, 8, 6, 0


def make(n):
    seq = torch.zeros(n, MAXP + 1, 2, dtype=torch.long)
    valid = torch.zeros(n, MAXP + 1, dtype=torch.bool)
    ans = torch.zeros(n, dtype=torch.long)
    pairs = torch.randint(3, MAXP + 1, (n,))
    keys = torch.rand(n, K).argsort(1)[:, :MAXP] + 1
    vals = torch.randint(1, V + 1, (n, MAXP))
    pos = torch.arange(MAXP)
    live = pos[None] < pairs[:, None]
    seq[:, 1:, 0], seq[:, 1:, 1] = keys * live, vals * live
    pick = (torch.rand(n) * pairs).long()
    seq[:, 0, 0] = keys[torch.arange(n), pick]
    ans = vals[torch.arange(n), pick] - 1
    valid[:, 1:] = live
    return seq, valid, ans


class Lookup(nn.Module):
    def __init__(self, d=32, temperature=0.25):
        super().__init__()
        self.key = nn.Embedding(K + 1, d, padding_idx=PAD)
        self.val = nn.Embedding(V + 1, d, padding_idx=PAD)
        self.q, self.k, self.v = (nn.Linear(d, d, bias=False) for _ in range(3))
        self.norm = nn.LayerNorm(d)
        self.ff = nn.Sequential(nn.Linear(d, 64), nn.CELU(), nn.Linear(64, V))
        self.t = temperature

    def forward(self, seq, valid):
        ek, ev = self.key(seq[..., 0]), self.val(seq[..., 1])
        att = self.q(ek[:, :1]) @ self.k(ek).transpose(1, 2) / (self.t * math.sqrt(ek.size(-1)))
        att = att.masked_fill(~valid[:, None], -math.inf).softmax(-1)
        return self.ff(self.norm((att @ self.v(ev))[:, 0])), att


net = Lookup()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
vs, vm, va = make(2000)
for it in range(1, 2001):
    s, m, a = make(64)
    logits, _ = net(s, m)
    loss = nn.functional.cross_entropy(logits, a)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 250 == 0:
        with torch.no_grad():
            logits, att = net(vs, vm)
        acc = (logits.argmax(1) == va).float().mean().item()
        print(f"{it} loss {loss.item():.4f} acc {acc:.4f} mean_max_attention {att.amax(-1).mean():.3f}")
print(f"final acc {acc:.4f} (chance {1 / V:.3f})")
