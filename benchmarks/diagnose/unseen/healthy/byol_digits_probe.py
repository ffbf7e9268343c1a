"""BYOL on 8x8 digits: self-supervised features, then a linear probe."""
import copy

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split


def augment(x):
    b = x.shape[0]
    out = F.pad(x, (1, 1, 1, 1))
    dy, dx = torch.randint(0, 3, (2,)).tolist()
    out = out[:, :, dy:dy + 8, dx:dx + 8]
    keep = (torch.rand(b, 1, 8, 8) > 0.15).float()
    return out * keep * (0.8 + 0.4 * torch.rand(b, 1, 1, 1)) + 0.05 * torch.randn(b, 1, 8, 8)


def encoder():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 16, 64), nn.BatchNorm1d(64), nn.ReLU(),
    )


def head(n_in, n_out, hidden=64):
    return nn.Sequential(nn.Linear(n_in, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, n_out))


class BYOL(nn.Module):
    def __init__(self, momentum=0.99):
        super().__init__()
        self.online = nn.ModuleDict({"enc": encoder(), "proj": head(64, 32)})
        self.predictor = head(32, 32)
        self.target = copy.deepcopy(self.online)
        for p in self.target.parameters():
            p.requires_grad_(False)
        self.m = momentum

    def forward(self, a, b):
        def one_side(u, v):
            p = self.predictor(self.online["proj"](self.online["enc"](u)))
            with torch.no_grad():
                z = self.target["proj"](self.target["enc"](v))
            return 2 - 2 * F.cosine_similarity(p, z.detach(), dim=1).mean()
        return 0.5 * (one_side(a, b) + one_side(b, a))

    @torch.no_grad()
    def update_target(self):
        for o, t in zip(self.online.parameters(), self.target.parameters()):
            t.mul_(self.m).add_(o, alpha=1 - self.m)


@torch.no_grad()
def features(model, x):
    model.eval()
    f = model.online["enc"](x).numpy()
    model.train()
    return f


def main():
    torch.manual_seed(6)
    x, y = load_digits(return_X_y=True)
    x = torch.tensor(x / 16.0, dtype=torch.float32).view(-1, 1, 8, 8)
    itr, ite = train_test_split(np.arange(len(y)), test_size=0.3, random_state=0, stratify=y)
    model = BYOL()
    opt = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3)
    xtr = x[itr]
    for step in range(1, 1001):
        xb = xtr[torch.randint(0, len(xtr), (128,))]
        loss = model(augment(xb), augment(xb))
        opt.zero_grad()
        loss.backward()
        opt.step()
        model.update_target()
        if step % 100 == 0:
            print(f"step {step} byol loss {loss.item():.4f} feature std {features(model, x[ite]).std(0).mean():.3f}")
    probe = LogisticRegression(max_iter=2000).fit(features(model, x[itr]), y[itr])
    print(f"final linear probe accuracy {probe.score(features(model, x[ite]), y[ite]):.4f} (majority 0.10)")


if __name__ == "__main__":
    main()
