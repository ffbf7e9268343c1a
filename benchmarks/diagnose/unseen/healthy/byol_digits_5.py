# BYOL on 8x8 digits: online net + predictor chases an EMA copy, then a linear probe (ridge) reads it out
import copy
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier

torch.set_num_threads(1)
torch.manual_seed(21)

X, y = load_digits(return_X_y=True)
X = torch.tensor(X, dtype=torch.float32).view(-1, 1, 8, 8) / 16
perm = torch.randperm(len(X))
tr, te = perm[:1400], perm[1400:]


def augment(x):
    n = x.shape[0]
    theta = torch.zeros(n, 2, 3)
    ang = (torch.rand(n) - 0.5) * 0.5
    sc = 1 + (torch.rand(n) - 0.5) * 0.3
    theta[:, 0, 0] = sc * ang.cos(); theta[:, 0, 1] = -sc * ang.sin()
    theta[:, 1, 0] = sc * ang.sin(); theta[:, 1, 1] = sc * ang.cos()
    theta[:, :, 2] = (torch.rand(n, 2) - 0.5) * 0.35
    out = F.grid_sample(x, F.affine_grid(theta, list(x.shape), align_corners=False), align_corners=False)
    return out + 0.05 * torch.randn_like(out)


def mlp(i, h, o):
    return nn.Sequential(nn.Linear(i, h), nn.BatchNorm1d(h), nn.ReLU(inplace=True), nn.Linear(h, o))


backbone = nn.Sequential(
    nn.Conv2d(1, 24, 3, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU(),
    nn.Conv2d(24, 32, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
    nn.Flatten(), nn.Linear(32 * 16, 64),
)
online = nn.Sequential(backbone, mlp(64, 96, 32))
target = copy.deepcopy(online).requires_grad_(False)
predictor = mlp(32, 96, 32)

opt = torch.optim.AdamW([*online.parameters(), *predictor.parameters()], lr=3e-3, weight_decay=1e-4)
STEPS = 130


def regress(p, z):
    return 2 - 2 * F.cosine_similarity(p, z.detach(), dim=1).mean()


for step in range(STEPS):
    x = X[tr[torch.randint(0, len(tr), (128,))]]
    v1, v2 = augment(x), augment(x)
    p1, p2 = predictor(online(v1)), predictor(online(v2))
    with torch.no_grad():
        z1, z2 = target(v1), target(v2)
    loss = regress(p1, z2) + regress(p2, z1)
    opt.zero_grad()
    loss.backward()
    opt.step()
    tau = 1 - (1 - 0.97) * (np.cos(np.pi * step / STEPS) + 1) / 2
    with torch.no_grad():
        for t, o in zip(target.parameters(), online.parameters()):
            t.lerp_(o, 1 - float(tau))
    if step % 20 == 0:
        print(f"step {step:3d} loss {loss.item():.4f} tau {tau:.4f}")

backbone.eval()
with torch.no_grad():
    H = backbone(X).numpy()
few = tr[:200].numpy()
probe = RidgeClassifier(alpha=1.0).fit(H[few], y[few])
print("linear probe on 200 labels, accuracy: %.3f" % probe.score(H[te.numpy()], y[te.numpy()]))
print("feature std: %.3f" % H.std(0).mean())
