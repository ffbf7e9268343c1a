"""Joint model on the 8x8 digits: which digit is it, and which stroke family does it belong to?"""
import numpy as np
import torch
torch.set_num_threads(1)
from torch import nn
from sklearn.datasets import load_digits

torch.manual_seed(8)
FAMILY = {0: 0, 6: 0, 9: 0, 1: 1, 4: 1, 7: 1, 2: 2, 3: 2, 5: 2, 8: 3}


def onehot(idx, k):
    return torch.zeros(len(idx), k).scatter_(1, idx[:, None], 1.0)


def xent(p, y, eps=1e-7):
    return -(y * torch.log(p.clamp(min=eps))).sum(dim=1).mean()


class TwoHeads(nn.Module):
    def __init__(self, width=96):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.digit_head = nn.Linear(width, 10)
        self.family_mid = nn.Linear(width, 32)
        self.family_head = nn.Linear(32, 4)

    def forward(self, x):
        h = self.trunk(x)
        digit = self.digit_head(h).softmax(dim=1)
        family = self.family_head(nn.functional.silu(self.family_mid(h)))
        return digit, family


bundle = load_digits()
x = torch.tensor(bundle.data / 16.0 - 0.5, dtype=torch.float32)
y = torch.tensor(bundle.target)
f = torch.tensor([FAMILY[int(d)] for d in bundle.target])
perm = torch.tensor(np.random.default_rng(0).permutation(len(x)))
tr, te = perm[:1300], perm[1300:]

model = TwoHeads()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-3)
for epoch in range(14):
    for part in tr[torch.randperm(len(tr))].split(50):
        digit, family = model(x[part])
        loss = xent(digit, onehot(y[part], 10)) + 0.5 * xent(family, onehot(f[part], 4))
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 2 == 1:
        print("epoch", epoch + 1, "loss", round(loss.item(), 4))

with torch.no_grad():
    digit, family = model(x[te])
    print("digit accuracy", round((digit.argmax(1) == y[te]).float().mean().item(), 4))
    print("final family_accuracy", round((family.argmax(1) == f[te]).float().mean().item(), 4))
