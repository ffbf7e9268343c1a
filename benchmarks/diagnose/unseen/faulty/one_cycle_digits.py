"""Digits with a one-cycle schedule ("super-convergence")."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.set_num_threads(1)
torch.manual_seed(7)

X, y = load_digits(return_X_y=True)
X = (X - 8.0) / 8.0
Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
Xtr, Xte = (torch.tensor(a, dtype=torch.float32) for a in (Xtr, Xte))
ytr, yte = (torch.tensor(a) for a in (ytr, yte))

EPOCHS, BATCH = 20, 32
net = nn.Sequential(
    nn.Linear(64, 128), nn.ReLU(),
    nn.Linear(128, 128), nn.ReLU(),
    nn.Linear(128, 64), nn.ReLU(),
    nn.Linear(64, 10),
)
steps_per_epoch = len(Xtr) // BATCH
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
sched = torch.optim.lr_scheduler.OneCycleLR(
    opt, max_lr=0.05, total_steps=EPOCHS * steps_per_epoch,
    pct_start=0.5, div_factor=1000, final_div_factor=100)

for epoch in range(EPOCHS):
    net.train()
    perm = torch.randperm(len(Xtr))
    running = 0.0
    for i in range(steps_per_epoch):
        idx = perm[i * BATCH:(i + 1) * BATCH]
        loss = F.cross_entropy(net(Xtr[idx]), ytr[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        running += loss.item()
    if epoch % 2 == 1:
        net.eval()
        with torch.no_grad():
            acc = (net(Xte).argmax(1) == yte).float().mean().item()
        print(f"epoch {epoch + 1:2d}  lr {sched.get_last_lr()[0]:.4f}  "
              f"train loss {running / steps_per_epoch:.4f}  test acc {acc:.3f}")

net.eval()
with torch.no_grad():
    acc = (net(Xte).argmax(1) == yte).float().mean().item()
print(f"final test accuracy {acc:.4f}")
