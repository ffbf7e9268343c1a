import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(5)

with open(os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")) as f:
    text = f.read()[:300000]
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
train, val = data[:270000], data[270000:]
V, CTX, D = len(chars), 12, 32


def swish(x):
    return x * torch.sigmoid(x)


class RMS(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.g = nn.Parameter(torch.ones(d))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.g


class MixerBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2 = RMS(D), RMS(D)
        self.tok = nn.Parameter(torch.randn(CTX, CTX) * CTX ** -0.5)
        self.up = nn.Parameter(torch.randn(D, 2 * D) * D ** -0.5)
        self.down = nn.Parameter(torch.randn(2 * D, D) * (2 * D) ** -0.5)

    def forward(self, x):
        x = x + torch.einsum("btd,ts->bsd", self.n1(x), self.tok)
        return x + swish(self.n2(x) @ self.up) @ self.down


class ContextMixer(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Parameter(torch.randn(V, D) * 0.5)
        self.blocks = nn.ModuleList([MixerBlock() for _ in range(2)])
        self.norm = RMS(CTX * D)
        self.proj = nn.Linear(CTX * D, V)

    def forward(self, idx):
        x = self.emb[idx]
        for b in self.blocks:
            x = b(x)
        return F.softmax(self.proj(self.norm(x.flatten(1))), dim=1)


def log_softmax_nll(scores, y):
    logp = scores - torch.logsumexp(scores, dim=1, keepdim=True)
    return -logp[torch.arange(len(y)), y].mean()


def get_batch(src, n):
    p = torch.randint(0, len(src) - CTX - 1, (n,))
    x = torch.stack([src[i:i + CTX] for i in p.tolist()])
    return x, src[p + CTX]


net = ContextMixer()
ema = {k: v.detach().clone() for k, v in net.state_dict().items()}
opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-3)
for it in range(900):
    x, y = get_batch(train, 128)
    loss = log_softmax_nll(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for k, v in net.state_dict().items():
            ema[k].lerp_(v, 0.02)
    if it % 150 == 0:
        print(it, round(loss.item(), 4))

net.load_state_dict(ema)
with torch.no_grad():
    x, y = get_batch(val, 5000)
    acc = (net(x).argmax(1) == y).float().mean().item()
    nll = log_softmax_nll(net(x), y).item()
print(f"val accuracy {acc:.4f}")
print(f"final_metric neg_val_nll {-nll:.4f}")
