import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(0)
d = load_digits()
x = torch.tensor(d.data, dtype=torch.float32) / 8 - 1
y = torch.tensor(d.target)
rot = x.view(-1, 8, 8).flip(2).reshape(-1, 64)           # the new domain: mirrored digits
tr, te = slice(0, 1400), slice(1400, None)


class LoRALinear(nn.Module):
    def __init__(self, base, r=6, alpha=12):
        super().__init__()
        self.base = base
        for p in base.parameters():
            p.requires_grad = False
        self.A = nn.Parameter(torch.randn(r, base.in_features) / base.in_features ** 0.5)
        self.B = nn.Parameter(torch.zeros(base.out_features, r))
        self.scale = alpha / r

    def forward(self, inp):
        return self.base(inp) + self.scale * (inp @ self.A.t()) @ self.B.t()


def train(model, x, y, epochs, lr):
    params = [p for p in model.parameters() if p.requires_grad]
    print("trainable:", sum(p.numel() for p in params))
    opt = torch.optim.Adam(params, lr=lr)
    model.train()
    for ep in range(epochs):
        for idx in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            loss = F.cross_entropy(model(x[idx]), y[idx])
            loss.backward()
            opt.step()
    print("loss", loss.item())


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


net = nn.Sequential(nn.Linear(64, 128), nn.SiLU(), nn.Linear(128, 128), nn.SiLU(), nn.Linear(128, 10))
train(net, x[tr], y[tr], 12, 2e-3)
print("source accuracy", accuracy(net, x[te], y[te]), "on new domain", accuracy(net, rot[te], y[te]))
for i in (0, 2, 4):
    net[i] = LoRALinear(net[i])
train(net, rot[tr], y[tr], 30, 3e-3)
print("adapted accuracy on new domain", round(accuracy(net, rot[te], y[te]), 4))
