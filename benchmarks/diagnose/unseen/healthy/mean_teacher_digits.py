"""Mean teacher (Tarvainen & Valpola 2017): 80 labelled digits, the rest unlabelled."""
import copy
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(19)
d = load_digits()
x = torch.tensor(d.images / 16.0, dtype=torch.float32).unsqueeze(1)
x = (x - x.mean()) / x.std()
y = torch.tensor(d.target)
perm = torch.randperm(len(y))
x, y = x[perm], y[perm]
x_lab, y_lab = x[:80], y[:80]
x_unl, x_te, y_te = x[80:1300], x[1300:], y[1300:]


def augment(v):
    pad = F.pad(v, (1, 1, 1, 1), mode="replicate")
    i, j = torch.randint(0, 3, (2, len(v), 1))
    r = torch.arange(8)
    v = pad[torch.arange(len(v))[:, None, None], :, (i + r)[:, :, None], (j + r)[:, None, :]].permute(0, 3, 1, 2)
    return v + 0.05 * torch.randn_like(v)


def make_net():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.LayerNorm(32 * 16), nn.Linear(32 * 16, 64), nn.ReLU(), nn.Linear(64, 10),
    )


student = make_net()
teacher = copy.deepcopy(student)
for p in teacher.parameters():
    p.requires_grad_(False)

opt = torch.optim.AdamW(student.parameters(), lr=1e-3, weight_decay=1e-3)
STEPS, RAMP = 500, 150
for step in range(STEPS):
    bi = torch.randint(0, len(x_lab), (32,))
    bu = torch.randint(0, len(x_unl), (64,))
    logits = student(augment(x_lab[bi]))
    sup = F.cross_entropy(logits, y_lab[bi])
    with torch.no_grad():
        target = F.softmax(teacher(augment(x_unl[bu])), -1)
    cons = F.mse_loss(F.softmax(student(augment(x_unl[bu])), -1), target)
    w = 4.0 * math.exp(-5 * (1 - min(1.0, step / RAMP)) ** 2)
    loss = sup + w * cons
    opt.zero_grad()
    loss.backward()
    opt.step()
    decay = min(0.99, 1 - 1 / (step + 1))
    with torch.no_grad():
        for pt, ps in zip(teacher.parameters(), student.parameters()):
            pt.mul_(decay).add_(ps, alpha=1 - decay)
    if step % 100 == 0 or step == STEPS - 1:
        with torch.no_grad():
            a_s = (student(x_te).argmax(1) == y_te).float().mean().item()
            a_t = (teacher(x_te).argmax(1) == y_te).float().mean().item()
        print(f"step {step:3d} sup {sup.item():.4f} cons {cons.item():.5f} acc student {a_s:.3f} teacher {a_t:.3f}")
