# Very deep fully connected net, 40 residual blocks with ReZero gates (Bachlechner et al. 2020), raw tensors.
import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.set_num_threads(1)
torch.manual_seed(2)
DEPTH, WIDTH = 40, 48

digits = load_digits()
X = torch.tensor(digits.data, dtype=torch.float32)
X = (X - 4.9) / 6.0
Y = torch.tensor(digits.target)
perm = torch.randperm(len(X))
tr, te = perm[:1300], perm[1300:]


def kaiming(o, i):
    return (torch.randn(o, i) * (2 / i) ** 0.5).requires_grad_()


w_in, w_out = kaiming(WIDTH, 64), kaiming(10, WIDTH)
b_in, b_out = torch.zeros(WIDTH, requires_grad=True), torch.zeros(10, requires_grad=True)
W = [kaiming(WIDTH, WIDTH) for _ in range(DEPTH)]
B = [torch.zeros(WIDTH, requires_grad=True) for _ in range(DEPTH)]
alpha = torch.zeros(DEPTH, requires_grad=True)


def net(x):
    h = F.linear(x, w_in, b_in)
    for i in range(DEPTH):
        h = h + alpha[i] * F.relu(F.linear(h, W[i], B[i]))
    return F.linear(h, w_out, b_out)


decayed = [w_in, w_out, *W]
plain = [b_in, b_out, *B]
opt = torch.optim.AdamW([
    {"params": decayed, "weight_decay": 1e-3},
    {"params": plain, "weight_decay": 0.0},
    {"params": [alpha], "weight_decay": 0.0, "lr": 5e-3},
], lr=1e-3)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=[1e-3, 1e-3, 5e-3], total_steps=12 * 26)

for epoch in range(12):
    for k in tr[torch.randperm(1300)].split(50):
        loss = F.cross_entropy(net(X[k]), Y[k], label_smoothing=0.05)
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
    if epoch % 2 == 1:
        print(f"epoch {epoch + 1:2d} loss {loss.item():.4f} |alpha| mean {alpha.abs().mean().item():.4f}")
with torch.no_grad():
    acc = (net(X[te]).argmax(1) == Y[te]).float().mean().item()
print(f"test accuracy {acc:.4f}")
