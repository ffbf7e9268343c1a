import copy
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

torch.manual_seed(0)
d = load_digits()
imgs = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16


def augment(x):
    n = len(x)
    theta = torch.eye(2, 3).repeat(n, 1, 1)
    theta[:, :, :2] += 0.12 * torch.randn(n, 2, 2)
    theta[:, :, 2] += 0.12 * torch.randn(n, 2)
    x = F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=False), align_corners=False)
    return x + 0.08 * torch.randn_like(x)


def mlp(i, h, o):
    return nn.Sequential(nn.Linear(i, h), nn.BatchNorm1d(h), nn.ReLU(), nn.Linear(h, o))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(),
                                   nn.Linear(128, 64), nn.BatchNorm1d(64), nn.ReLU())
        self.proj = mlp(64, 128, 32)

    def forward(self, x):
        return self.proj(self.trunk(x))


online, predictor = Encoder(), mlp(32, 64, 32)
target = copy.deepcopy(online).requires_grad_(False)
opt = torch.optim.Adam([*online.parameters(), *predictor.parameters()], lr=1e-3, weight_decay=1e-5)


def regress(p, z):
    return 2 - 2 * F.cosine_similarity(p, z.detach(), dim=-1).mean()


def probe():
    online.eval()
    with torch.no_grad():
        f = online.trunk(imgs).numpy()
    online.train()
    clf = LogisticRegression(max_iter=300).fit(f[:400], d.target[:400])
    return clf.score(f[900:], d.target[900:]), f.std(0).mean()


print("random features: probe %.3f, feature std %.3f" % probe())
for epoch in range(20):
    for idx in torch.randperm(len(imgs)).split(128):
        a, b = augment(imgs[idx]), augment(imgs[idx])
        loss = regress(predictor(online(a)), target(b)) + regress(predictor(online(b)), target(a))
        opt.zero_grad()
        loss.backward()
        opt.step()
        with torch.no_grad():
            for pt, po in zip(target.parameters(), online.parameters()):
                pt.lerp_(po, 0.03)
    if epoch % 5 == 4:
        print("epoch", epoch, "loss %.3f" % loss.item(), "probe %.3f, feature std %.3f" % probe())
