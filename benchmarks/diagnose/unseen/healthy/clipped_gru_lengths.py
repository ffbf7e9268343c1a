# hand-written gated cell on padded sequences, per-step masked regression
import math

import torch
import torch.nn as nn

torch.manual_seed(14)


class GatedCell(nn.Module):
    def __init__(self, n_in, n_hid):
        super().__init__()
        self.W = nn.Parameter(torch.randn(3, n_hid, n_in) / math.sqrt(n_in))
        self.U = nn.Parameter(torch.randn(3, n_hid, n_hid) / math.sqrt(n_hid))
        self.b = nn.Parameter(torch.zeros(3, n_hid))

    def forward(self, x, h):
        gx = torch.einsum("bi,ghi->gbh", x, self.W) + self.b[:, None]
        gh = torch.einsum("bk,ghk->gbh", h, self.U)
        r = torch.sigmoid(gx[0] + gh[0])
        u = torch.sigmoid(gx[1] + gh[1])
        cand = torch.tanh(gx[2] + r * gh[2])
        return u * h + (1 - u) * cand


class Tracker(nn.Module):
    def __init__(self, n_hid=32):
        super().__init__()
        self.cell = GatedCell(1, n_hid)
        self.read = nn.Linear(n_hid, 1)
        self.n_hid = n_hid

    def forward(self, x):
        h = x.new_zeros(len(x), self.n_hid)
        outs = []
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
            outs.append(self.read(h))
        return torch.stack(outs, 1).squeeze(-1)


def batch(n, T=20):
    lengths = torch.randint(6, T + 1, (n,))
    x = torch.randn(n, T, 1)
    target = torch.zeros(n, T)
    acc = torch.zeros(n)
    for t in range(T):
        acc = 0.8 * acc + x[:, t, 0]
        target[:, t] = acc
    mask = (torch.arange(T)[None] < lengths[:, None]).float()
    return x * mask[..., None], target * 40.0, mask


net = Tracker()
opt = torch.optim.SGD(net.parameters(), lr=0.3, momentum=0.9)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 500)
xv, tv, mv = batch(400)
zero_mse = ((tv ** 2) * mv).sum().item() / mv.sum().item()
print("predict-zero mse", round(zero_mse, 2))

clipped = 0
for step in range(1, 501):
    x, t, m = batch(64)
    err = (net(x) - t) ** 2 * m
    loss = err.sum() / m.sum()
    opt.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(net.parameters(), 0.5)
    clipped += int(norm > 0.5)
    opt.step()
    sched.step()
    if step % 100 == 0:
        with torch.no_grad():
            v = (((net(xv) - tv) ** 2) * mv).sum().item() / mv.sum().item()
        print(f"step {step} loss {loss.item():.3f} grad norm {norm:.2f} val {v:.3f}")

print(f"final val mse {v:.3f} of {zero_mse:.1f}, clipped in {clipped}/500 steps")
