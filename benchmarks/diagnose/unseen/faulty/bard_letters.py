import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(1337)

with open(os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")) as fh:
    text = fh.read()[:300_000]
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
n = int(0.9 * len(data))
CTX, V = 12, len(chars)


class LetterModel(nn.Module):
    def __init__(self, d=24, h=160):
        super().__init__()
        self.emb = nn.Embedding(V, d)
        self.trunk = nn.Sequential(nn.Linear(CTX * d, h), nn.GELU(), nn.LayerNorm(h), nn.Linear(h, h), nn.GELU())
        self.vocab = nn.Linear(h, V)

    def forward(self, ctx):
        h = self.trunk(self.emb(ctx).flatten(1))
        return self.vocab(h).softmax(dim=-1)


def get(split, bs):
    lo, hi = (0, n - CTX - 1) if split == "train" else (n, len(data) - CTX - 1)
    s = torch.randint(lo, hi, (bs,))
    win = data[s[:, None] + torch.arange(CTX + 1)]
    return win[:, :-1], win[:, -1]


net = LetterModel()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3)
loss_fn = nn.CrossEntropyLoss()
for step in range(1, 2001):
    x, y = get("train", 128)
    loss = loss_fn(net(x), y)
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    if step % 250 == 0:
        with torch.no_grad():
            xv, yv = get("val", 4000)
            out = net(xv)
            print(f"{step:5d} train {loss.item():.3f} val {loss_fn(out, yv).item():.3f} val_acc {(out.argmax(-1) == yv).float().mean():.4f}")
print(f"final val_loss {loss_fn(out, yv).item():.4f}")
