"""Contrastive embedding of two views (top and bottom half of a digit image), temperature 0.07."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(0)
digits = load_digits()
im = torch.tensor(digits.data, dtype=torch.float32) / 8 - 1
top, bottom = im[:, :32], im[:, 32:]
TAU = 0.07


def tower():
    return nn.Sequential(nn.Linear(32, 128), nn.LayerNorm(128), nn.GELU(),
                         nn.Linear(128, 128), nn.LayerNorm(128), nn.GELU(), nn.Linear(128, 24))


f, g = tower(), tower()
params = list(f.parameters()) + list(g.parameters())
opt = torch.optim.AdamW(params, lr=1e-3, weight_decay=0.1)
train = torch.arange(1400)
test = torch.arange(1400, 1797)


def info_nce(a, b):
    logits = F.normalize(a, dim=1) @ F.normalize(b, dim=1).t() / TAU
    lab = torch.arange(len(a))
    return 0.5 * (F.cross_entropy(logits, lab) + F.cross_entropy(logits.t(), lab)), logits


def evaluate():
    f.eval(), g.eval()
    with torch.no_grad():
        loss, logits = info_nce(f(top[test]), g(bottom[test]))
        rank = (logits > logits.diag()[:, None]).sum(1).float()
    f.train(), g.train()
    return loss.item(), (rank < 20).float().mean().item(), rank.median().item()


print("untrained: loss %.3f recall@20 %.3f median rank %d" % evaluate())
for epoch in range(24):
    for idx in train[torch.randperm(len(train))].split(128):
        noise = lambda t: t + 0.2 * torch.randn_like(t)
        loss, _ = info_nce(f(noise(top[idx])), g(noise(bottom[idx])))
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 6 == 5:
        print("epoch", epoch + 1, "train loss %.3f" % loss.item(), "held-out loss %.3f recall@20 %.3f median rank %d" % evaluate())
