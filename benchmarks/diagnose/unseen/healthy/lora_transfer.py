"""Pretrain on upright digits, freeze, adapt to transposed digits with rank-4 adapters."""
import torch
from torch import nn
from sklearn.datasets import load_digits

torch.set_num_threads(1)
torch.manual_seed(4)
d = load_digits()
img = torch.tensor(d.images, dtype=torch.float32) / 8 - 1
lab = torch.tensor(d.target)
p = torch.randperm(len(img))
tr, te = p[:1300], p[1300:]
up, turned = img.flatten(1), img.flip(2).transpose(1, 2).flatten(1)


class LoRALinear(nn.Module):
    def __init__(self, base, rank=4, alpha=8.0):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down = nn.Linear(base.in_features, rank, bias=False)
        self.upp = nn.Linear(rank, base.out_features, bias=False)
        nn.init.zeros_(self.upp.weight)
        self.alpha = alpha / rank

    def forward(self, x):
        return self.base(x) + self.alpha * self.upp(self.down(x))


net = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 128), nn.GELU(), nn.Linear(128, 10))


def accuracy(x):
    with torch.no_grad():
        return (net(x[te]).argmax(1) == lab[te]).float().mean().item()


def fit(x, epochs, lr):
    opt = torch.optim.Adam([q for q in net.parameters() if q.requires_grad], lr=lr)
    for e in range(epochs):
        for i in tr[torch.randperm(len(tr))].split(32):
            loss = nn.functional.cross_entropy(net(x[i]), lab[i])
            opt.zero_grad()
            loss.backward()
            opt.step()
        if e % 5 == 4:
            print(f"  epoch {e + 1} loss {loss.item():.4f} acc {accuracy(x):.4f}")


fit(up, 20, 1e-3)
base = accuracy(turned)
print(f"pretrained: upright {accuracy(up):.4f} turned {base:.4f}")
for k in (0, 2, 4):
    net[k] = LoRALinear(net[k])
fit(turned, 40, 2e-3)
print(f"final turned acc {accuracy(turned):.4f} before {base:.4f}")
