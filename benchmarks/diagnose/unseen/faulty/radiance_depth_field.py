"""Coordinate network with Fourier features: joint colour and depth of a procedural scene."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(4)
H = W = 64
yy, xx = torch.meshgrid(torch.linspace(-1, 1, H), torch.linspace(-1, 1, W), indexing="ij")
coords = torch.stack([xx, yy], -1).reshape(-1, 2)


def scene(p):
    x, y = p[:, 0], p[:, 1]
    depth = 3.0 + 0.8 * y
    rgb = torch.stack([0.5 + 0.4 * y, 0.5 + 0.2 * torch.sin(4 * x), 0.6 - 0.3 * y], -1)
    for cx, cy, r, d, col in [(-0.4, 0.1, 0.45, 2.2, (0.9, 0.2, 0.1)), (0.45, -0.2, 0.35, 1.5, (0.1, 0.3, 0.9))]:
        q = r * r - (x - cx) ** 2 - (y - cy) ** 2
        hit = q > 0
        bump = q.clamp(min=0).add(1e-6).sqrt()
        depth = torch.where(hit, d - bump, depth)
        shade = 0.4 + 0.6 * (bump / r)
        rgb = torch.where(hit[:, None], torch.tensor(col) * shade[:, None], rgb)
    return rgb.clamp(0, 1), depth


class Field(nn.Module):
    def __init__(self, n_freq=5, width=64):
        super().__init__()
        self.register_buffer("freq", 2.0 ** torch.arange(n_freq) * math.pi / 2)
        d = 2 + 4 * n_freq
        self.trunk = nn.Sequential(nn.Linear(d, width), nn.GELU(), nn.Linear(width, width), nn.GELU())
        self.rgb = nn.Sequential(nn.Linear(width, width // 2), nn.GELU(), nn.Linear(width // 2, 3), nn.Sigmoid())
        self.depth = nn.Sequential(nn.Linear(width, width // 2), nn.GELU(), nn.Linear(width // 2, 1), nn.Sigmoid())

    def forward(self, p):
        a = (p.unsqueeze(-1) * self.freq).flatten(1)
        h = self.trunk(torch.cat([p, a.sin(), a.cos()], -1))
        return self.rgb(h), self.depth(h).squeeze(-1)


rgb, depth = scene(coords)
print(f"depth range {depth.min():.2f} .. {depth.max():.2f}")
field = Field()
opt = torch.optim.Adam(field.parameters(), lr=4e-3)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.996)
for it in range(600):
    idx = torch.randint(0, len(coords), (512,))
    p_rgb, p_depth = field(coords[idx])
    l_rgb = F.mse_loss(p_rgb, rgb[idx])
    l_depth = F.smooth_l1_loss(p_depth, depth[idx])
    loss = l_rgb + 0.2 * l_depth
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if it % 100 == 0:
        print(f"it {it:4d} rgb {l_rgb.item():.5f} depth {l_depth.item():.5f}")

with torch.no_grad():
    r, d = field(coords)
    psnr = -10 * torch.log10(F.mse_loss(r, rgb))
    print(f"PSNR {psnr:.2f} dB, depth mae {(d - depth).abs().mean():.4f} (const {(depth - depth.median()).abs().mean():.4f})")
