"""float16 autocast with a loss scaler that starts far too high and finds its level."""
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.set_num_threads(1)
torch.manual_seed(9)
d = load_digits()
x = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 8 - 1
y = torch.tensor(d.target)
perm = torch.randperm(len(x))
tr, te = perm[:1400], perm[1400:]

net = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.GroupNorm(4, 16), nn.Hardswish(),
    nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.GroupNorm(4, 32), nn.Hardswish(),
    nn.Flatten(), nn.Linear(512, 10),
)
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
scaler = torch.amp.GradScaler("cpu", init_scale=2.0 ** 30, growth_interval=60)
skipped = 0
for epoch in range(12):
    net.train()
    for i in tr[torch.randperm(len(tr))].split(50):
        with torch.autocast("cpu", dtype=torch.float16):
            loss = nn.functional.cross_entropy(net(x[i]).float(), y[i], label_smoothing=0.1)
        opt.zero_grad()
        scaler.scale(loss).backward()
        before = scaler.get_scale()
        scaler.step(opt)
        scaler.update()
        skipped += scaler.get_scale() < before
    net.eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.float16):
        acc = (net(x[te]).argmax(1) == y[te]).float().mean().item()
    if epoch % 2 == 1:
        print(f"epoch {epoch + 1}: loss {loss.item():.4f} acc {acc:.4f} scale {scaler.get_scale():.0f} skipped {skipped}")
print(f"final acc {acc:.4f} (chance 0.1), skipped {skipped}")
