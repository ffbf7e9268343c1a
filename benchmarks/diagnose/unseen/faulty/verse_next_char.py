import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
path = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")
text = open(path, encoding="utf-8").read()[:300000]
vocab = sorted(set(text))
lookup = {c: i for i, c in enumerate(vocab)}
ids = torch.tensor([lookup[c] for c in text])
split = int(0.9 * len(ids))
train_ids, val_ids = ids[:split], ids[split:]
CONTEXT, BATCH, STEPS = 32, 24, 600


class CausalGLU(nn.Module):
    """Gated causal convolution, y = a * sigmoid(b), with a skip."""

    def __init__(self, dim, kernel, dilation):
        super().__init__()
        self.pad = (kernel - 1) * dilation
        self.conv = nn.Conv1d(dim, 2 * dim, kernel, dilation=dilation)

    def forward(self, x):
        a, b = self.conv(F.pad(x, (self.pad, 0))).chunk(2, dim=1)
        return x + a * torch.sigmoid(b)


class CharNet(nn.Module):
    def __init__(self, n_vocab, dim=64):
        super().__init__()
        self.embed = nn.Embedding(n_vocab, dim)
        self.layers = nn.ModuleList([CausalGLU(dim, 2, d) for d in (1, 2, 4, 8)])
        self.norm = nn.LayerNorm(dim)
        self.out = nn.Linear(dim, n_vocab)

    def scores(self, x):
        h = self.embed(x).transpose(1, 2)
        for layer in self.layers:
            h = layer(h)
        return self.out(self.norm(h.transpose(1, 2)))

    def forward(self, x):
        s = self.scores(x)
        return torch.exp(s - s.logsumexp(-1, keepdim=True))


def batch(source):
    start = torch.randint(0, len(source) - CONTEXT - 1, (BATCH,))
    window = source[start[:, None] + torch.arange(CONTEXT + 1)]
    return window[:, :-1], window[:, 1:]


net = CharNet(len(vocab))
opt = torch.optim.AdamW(net.parameters(), lr=2e-3)
warm = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / 50))
for step in range(STEPS):
    x, y = batch(train_ids)
    loss = F.cross_entropy(net(x).flatten(0, 1), y.flatten())
    opt.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    warm.step()
    if step % 100 == 0:
        print(f"{step:5d} {loss.item():.4f}")

hits = seen = 0
with torch.no_grad():
    for _ in range(40):
        x, y = batch(val_ids)
        hits += (net(x).argmax(-1) == y).sum().item()
        seen += y.numel()
common = (val_ids == train_ids.bincount().argmax()).float().mean().item()
print(f"next-char accuracy {hits / seen:.4f} (most common char {common:.4f})")
