"""BYOL on scikit-learn digits; a linear probe on the frozen encoder measures the features."""
import copy
import sys
from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.set_num_threads(1)


@dataclass
class BYOLConfig:
    width: int = 128
    proj: int = 32
    ema: float = 0.98
    batch: int = 128
    epochs: int = 40
    lr: float = 2e-3
    labelled: int = 50
    seed: int = 0


class Encoder(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 24, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(24)
        self.bn = nn.BatchNorm1d(cfg.width)
        self.fc = nn.Linear(24 * 16, cfg.width, bias=False)

    def forward(self, x):
        h = F.relu(self.bn2(self.conv2(F.relu(self.conv1(x)))))
        return F.relu(self.bn(self.fc(h.flatten(1))))


def mlp(d_in, d_hid, d_out):
    return nn.Sequential(nn.Linear(d_in, d_hid, bias=False), nn.BatchNorm1d(d_hid), nn.ReLU(), nn.Linear(d_hid, d_out))


def augment(x):
    dx, dy = torch.randint(-1, 2, (2,)).tolist()
    x = torch.roll(x, (dx, dy), (2, 3))
    keep = (torch.rand_like(x) > 0.15).float()
    return x * keep * (0.7 + 0.6 * torch.rand(len(x), 1, 1, 1)) + 0.1 * torch.randn_like(x)


def similarity_loss(p, z):
    return 2 - 2 * F.cosine_similarity(p, z, dim=1).mean()


class BYOL:
    def __init__(self, cfg):
        self.online = nn.Sequential(Encoder(cfg), mlp(cfg.width, cfg.width, cfg.proj))
        self.predictor = mlp(cfg.proj, 64, cfg.proj)
        self.target = copy.deepcopy(self.online).requires_grad_(False)
        self.cfg = cfg
        params = list(self.online.parameters()) + list(self.predictor.parameters())
        self.opt = torch.optim.AdamW(params, lr=cfg.lr, weight_decay=1e-4)

    def step(self, x):
        a, b = augment(x), augment(x)
        with torch.no_grad():
            za, zb = self.target(a), self.target(b)
        pa, pb = self.predictor(self.online(a)), self.predictor(self.online(b))
        loss = similarity_loss(pa, zb) + similarity_loss(pb, za)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        with torch.no_grad():
            for t, o in zip(self.target.parameters(), self.online.parameters()):
                t.lerp_(o, 1 - self.cfg.ema)
        return loss.item()


def main():
    cfg = BYOLConfig(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    torch.manual_seed(cfg.seed)
    data = load_digits()
    x = torch.tensor(data.images, dtype=torch.float32)[:, None] / 8 - 0.6
    y = torch.tensor(data.target)
    perm = torch.randperm(len(x))
    x, y = x[perm], y[perm]
    byol = BYOL(cfg)
    for epoch in range(cfg.epochs):
        for idx in torch.randperm(1300).split(cfg.batch):
            if len(idx) == cfg.batch:
                loss = byol.step(x[idx])
        if epoch % 10 == 0:
            print(f"epoch {epoch} loss {loss:.4f}")
    encoder = byol.online[0].eval().requires_grad_(False)
    probe = nn.Linear(cfg.width, 10)
    opt = torch.optim.Adam(probe.parameters(), lr=1e-2)
    feats = encoder(x)
    for _ in range(200):
        loss = F.cross_entropy(probe(feats[:cfg.labelled * 4]), y[:cfg.labelled * 4])
        opt.zero_grad()
        loss.backward()
        opt.step()
    acc = (probe(feats[1300:]).argmax(1) == y[1300:]).float().mean().item()
    print(f"final probe accuracy {acc:.4f} (majority class {y[1300:].bincount().max().item() / len(y[1300:]):.4f})")


if __name__ == "__main__":
    main()
