# Blurred height map -> sharp height map, mixed precision, gradient accumulation.
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(42)
SIZE, MICRO, ACCUM, UPDATES = 20, 8, 4, 80
CELL_KM = 0.03  # edge of one cell


def maps(n):
    z = torch.zeros(n, 1, SIZE, SIZE)
    for s in (3, 5, 10):
        z = z + F.interpolate(torch.rand(n, 1, s, s), size=(SIZE, SIZE), mode="bilinear", align_corners=False) / 3
    x = F.avg_pool2d(z, 7, stride=1, padding=3)
    return x, (2.5 * (z - x) + 0.5).clamp(0, 1) * 0.2


class Sharpen(nn.Module):
    def __init__(self, c=10):
        super().__init__()
        self.enter = nn.Conv2d(1, c, 5, padding=2)
        self.mid1 = nn.Conv2d(c, c, 3, padding=1)
        self.mid2 = nn.Conv2d(c, c, 1)
        self.leave = nn.Conv2d(c, 1, 5, padding=2)

    def forward(self, x):
        h = F.leaky_relu(self.enter(x), 0.1)
        h = F.leaky_relu(self.mid1(h), 0.1)
        h = h + F.leaky_relu(self.mid2(h), 0.1)
        return self.leave(h)


net = Sharpen()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
val_x, val_y = maps(64)
for update in range(1, UPDATES + 1):
    opt.zero_grad()
    total = 0.0
    for _ in range(ACCUM):
        x, y = maps(MICRO)
        with torch.autocast("cpu", dtype=torch.float16):
            out = net(x)
        loss = ((out.float() - y) * CELL_KM).square().mean() / ACCUM
        loss.backward()
        total += loss.item()
    opt.step()
    if update % 20 == 0:
        with torch.no_grad():
            v = F.mse_loss(net(val_x), val_y).item() / val_y.var().item()
        print(f"update {update}: train {total:.6f} val_relative_mse {v:.4f}")
print(f"final val_relative_mse {v:.4f}")
