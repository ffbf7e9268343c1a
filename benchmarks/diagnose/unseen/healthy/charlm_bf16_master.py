import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(0)
with open(os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")) as f:
    text = f.read()[:200000]
vocab = sorted(set(text))
data = torch.tensor([vocab.index(c) for c in text])
train, val = data[:180000], data[180000:]
V, CTX = len(vocab), 8


class SwiGLU(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.a = nn.Linear(d, h)
        self.b = nn.Linear(d, h)
        self.c = nn.Linear(h, d)

    def forward(self, x):
        g = self.a(x)
        return self.c(g * torch.sigmoid(g) * self.b(x))


class CharMLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V, 24)
        self.inp = nn.Linear(24 * CTX, 96)
        self.ff = nn.ModuleList([SwiGLU(96, 128) for _ in range(2)])
        self.out = nn.Linear(96, V)

    def forward(self, x):
        h = self.inp(self.emb(x).flatten(1))
        for f in self.ff:
            h = h + f(h)
        return self.out(h)


class MasterAdam:
    def __init__(self, model, lr):
        self.low = [p for p in model.parameters()]
        self.master = [p.detach().float().clone().requires_grad_(True) for p in self.low]
        self.opt = torch.optim.Adam(self.master, lr=lr)

    def step(self):
        for lo, hi in zip(self.low, self.master):
            hi.grad = lo.grad.float()
        self.opt.step()
        with torch.no_grad():
            for lo, hi in zip(self.low, self.master):
                lo.copy_(hi)
                lo.grad = None


model = CharMLP().to(torch.bfloat16)
optim = MasterAdam(model, 1.5e-3)


def get(src, n):
    p = torch.randint(0, len(src) - CTX, (n,))
    x = torch.stack([src[i:i + CTX] for i in p.tolist()])
    return x, src[p + CTX]


for it in range(900):
    x, y = get(train, 96)
    loss = F.cross_entropy(model(x).float(), y)
    loss.backward()
    optim.step()
    if it % 150 == 0:
        print(it, round(loss.item(), 4))
with torch.no_grad():
    x, y = get(val, 4000)
    nll = F.cross_entropy(model(x).float(), y).item()
freq = torch.bincount(train, minlength=V).float() + 1
uni = F.nll_loss((freq / freq.sum()).log().expand(len(y), V), y).item()
print(f"unigram nll {uni:.4f} model nll {nll:.4f}")
print(f"final_metric gain_nats {uni - nll:.4f}")
