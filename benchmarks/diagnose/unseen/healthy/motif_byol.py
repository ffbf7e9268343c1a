"""BYOL on motion-like time series, followed by a linear probe."""
import copy
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(12)
N_CLASS, LENGTH, CH = 6, 64, 3
PROTO = torch.randn(N_CLASS, CH, 4)


def make_series(n):
    y = torch.randint(0, N_CLASS, (n,))
    t = torch.linspace(0, 2 * math.pi, LENGTH)
    shift = torch.rand(n, 1, 1) * 2 * math.pi
    harm = torch.stack([torch.sin((k + 1) * (t + shift)) for k in range(4)], 2)
    x = (PROTO[y].unsqueeze(-1) * harm.expand(n, 1, 4, LENGTH)).sum(2)
    return x + 1.6 * torch.randn(n, CH, LENGTH), y


def augment(x):
    k = torch.randint(0, LENGTH, (1,)).item()
    x = torch.roll(x, k, dims=-1) * (0.8 + 0.4 * torch.rand(x.size(0), 1, 1))
    mask = (torch.rand(x.size(0), 1, x.size(2)) > 0.15).float()
    return x * mask + 0.3 * torch.randn_like(x)


def encoder():
    return nn.Sequential(
        nn.Conv1d(CH, 32, 5, stride=2, padding=2), nn.BatchNorm1d(32), nn.ReLU(),
        nn.Conv1d(32, 64, 5, stride=2, padding=2), nn.BatchNorm1d(64), nn.ReLU(),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(),
    )


def mlp(d_in, d_out):
    return nn.Sequential(nn.Linear(d_in, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, d_out))


class BYOL(nn.Module):
    def __init__(self, tau=0.98):
        super().__init__()
        self.online = nn.Sequential(encoder(), mlp(64, 32))
        self.predictor = mlp(32, 32)
        self.target = copy.deepcopy(self.online).requires_grad_(False)
        self.tau = tau

    def forward(self, a, b):
        pa, pb = self.predictor(self.online(a)), self.predictor(self.online(b))
        with torch.no_grad():
            ta, tb = self.target(a), self.target(b)
        return 2 - F.cosine_similarity(pa, tb).mean() - F.cosine_similarity(pb, ta).mean()

    @torch.no_grad()
    def update_target(self):
        for t, o in zip(self.target.parameters(), self.online.parameters()):
            t.lerp_(o, 1 - self.tau)


def linear_probe(enc, xtr, ytr, xte, yte):
    enc.eval()
    with torch.no_grad():
        ftr, fte = enc(xtr), enc(xte)
    mu, sd = ftr.mean(0), ftr.std(0) + 1e-6
    ftr, fte = (ftr - mu) / sd, (fte - mu) / sd
    clf = nn.Linear(64, N_CLASS)
    opt = torch.optim.Adam(clf.parameters(), lr=0.02)
    for _ in range(120):
        loss = F.cross_entropy(clf(ftr), ytr)
        opt.zero_grad()
        loss.backward()
        opt.step()
    return (clf(fte).argmax(1) == yte).float().mean().item()


unlabeled, _ = make_series(3000)
xtr, ytr = make_series(120)
xte, yte = make_series(1000)
model = BYOL()
print(f"probe on untrained encoder: {linear_probe(model.online[0], xtr, ytr, xte, yte):.3f}  chance {1 / N_CLASS:.3f}")
opt = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3, weight_decay=1e-5)
model.train()
for step in range(1, 251):
    x = unlabeled[torch.randint(0, 3000, (96,))]
    loss = model(augment(x), augment(x))
    opt.zero_grad()
    loss.backward()
    opt.step()
    model.update_target()
    if step % 50 == 0:
        print(f"step {step}  loss {loss.item():.4f}")
print(f"final probe accuracy {linear_probe(model.online[0], xtr, ytr, xte, yte):.3f}")
