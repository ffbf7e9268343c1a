import copy

import torch
from torch import nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

torch.manual_seed(0)
d = load_digits()
x = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16.0
y = d.target
tr, te = slice(0, 1300), slice(1300, None)


def augment(x):
    n = len(x)
    angle = (torch.rand(n) - 0.5) * 0.5
    scale = 1 + (torch.rand(n) - 0.5) * 0.3
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = torch.cos(angle) * scale
    theta[:, 0, 1] = -torch.sin(angle)
    theta[:, 1, 0] = torch.sin(angle)
    theta[:, 1, 1] = torch.cos(angle) * scale
    theta[:, :, 2] = (torch.rand(n, 2) - 0.5) * 0.4
    grid = F.affine_grid(theta, x.shape, align_corners=False)
    out = F.grid_sample(x, grid, align_corners=False)
    return out + 0.1 * torch.randn_like(out)


class Encoder(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.AdaptiveAvgPool2d(2))
        self.proj = nn.Sequential(nn.Linear(256, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, dim))

    def features(self, x):
        return self.conv(x).flatten(1)

    def forward(self, x):
        return self.proj(self.features(x))


online = Encoder()
target = copy.deepcopy(online).requires_grad_(False)
predictor = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64))
opt = torch.optim.AdamW([*online.parameters(), *predictor.parameters()], lr=2e-3)


def regress(p, z):
    return 2 - 2 * F.cosine_similarity(p, z.detach(), dim=-1).mean()


for epoch in range(14):
    for idx in torch.randperm(1300).split(130):
        a, b = augment(x[idx]), augment(x[idx])
        with torch.no_grad():
            ta, tb = target(a), target(b)
        loss = regress(predictor(online(a)), tb) + regress(predictor(online(b)), ta)
        opt.zero_grad()
        loss.backward()
        opt.step()
        with torch.no_grad():
            for pt, po in zip(target.parameters(), online.parameters()):
                pt.lerp_(po, 0.02)
    if epoch % 4 == 0:
        print(f"epoch {epoch} loss {loss.item():.4f}")
online.eval()
with torch.no_grad():
    f = online.features(x).numpy()
probe = LogisticRegression(max_iter=300).fit(f[tr], y[tr])
print(f"linear_probe_acc {probe.score(f[te], y[te]):.4f}")
