"""A tiny MobileNetV3-flavoured net for MNIST: inverted residuals with ReLU6 / hard-swish,
squeeze-excite through a hard sigmoid, linear bottlenecks, an auxiliary head for the first
half of the training, label smoothing, and per-layer statistics that are only logged."""
import gzip

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
torch.manual_seed(21)


def mnist(split, n, root="../shared/data/MNIST/raw"):
    with gzip.open(f"{root}/{split}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + n * 784)[16:], np.uint8).reshape(n, 1, 28, 28)
    with gzip.open(f"{root}/{split}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + n)[8:], np.uint8)
    return (torch.tensor(x).float() / 255 - 0.13) / 0.31, torch.tensor(y).long()


class SqueezeExcite(nn.Module):
    def __init__(self, c, r=4):
        super().__init__()
        self.a, self.b = nn.Conv2d(c, c // r, 1), nn.Conv2d(c // r, c, 1)

    def forward(self, x):
        s = x.mean((2, 3), keepdim=True)
        return x * F.hardsigmoid(self.b(F.relu(self.a(s))))


class InvertedResidual(nn.Module):
    def __init__(self, cin, cout, expand, stride, act, se):
        super().__init__()
        mid = cin * expand
        self.expand = nn.Sequential(nn.Conv2d(cin, mid, 1, bias=False), nn.BatchNorm2d(mid), act())
        self.depth = nn.Sequential(nn.Conv2d(mid, mid, 3, stride, 1, groups=mid, bias=False),
                                   nn.BatchNorm2d(mid), act())
        self.se = SqueezeExcite(mid) if se else nn.Identity()
        self.project = nn.Sequential(nn.Conv2d(mid, cout, 1, bias=False), nn.BatchNorm2d(cout))
        self.skip = stride == 1 and cin == cout

    def forward(self, x):
        y = self.project(self.se(self.depth(self.expand(x))))
        return x + y if self.skip else y


class TinyMobileNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish())
        self.b1 = InvertedResidual(8, 12, 3, 2, nn.ReLU6, se=False)
        self.b2 = InvertedResidual(12, 12, 3, 1, nn.ReLU6, se=True)
        self.b3 = InvertedResidual(12, 20, 3, 2, nn.Hardswish, se=True)
        self.b4 = InvertedResidual(20, 20, 3, 1, nn.Hardswish, se=True)
        self.top = nn.Sequential(nn.Linear(20, 64), nn.Hardswish(), nn.Dropout(0.1), nn.Linear(64, 10))
        self.aux = nn.Linear(12, 10)

    def forward(self, x):
        m = self.b2(self.b1(self.stem(x)))
        z = self.b4(self.b3(m))
        return self.top(z.mean((2, 3))), self.aux(m.mean((2, 3)))


x, y = mnist("train", 3000)
xt, yt = mnist("t10k", 1000)
net = TinyMobileNet()

stats = {}
for name, mod in net.named_modules():
    if isinstance(mod, (nn.ReLU6, nn.Hardswish)):
        mod.register_forward_hook(
            lambda m, i, o, name=name: stats.__setitem__(name, (o.detach() == 0).float().mean().item()))

decay = [p for p in net.parameters() if p.ndim > 1]
plain = [p for p in net.parameters() if p.ndim <= 1]
opt = torch.optim.SGD([{"params": decay, "weight_decay": 5e-4}, {"params": plain}], lr=0.08, momentum=0.9)
crit = nn.CrossEntropyLoss(label_smoothing=0.1)
EPOCHS, BS = 4, 75
sched = torch.optim.lr_scheduler.OneCycleLR(opt, 0.12, total_steps=EPOCHS * len(x) // BS, pct_start=0.2)
for epoch in range(EPOCHS):
    net.train()
    for b in torch.randperm(len(x)).split(BS):
        out, aux = net(x[b])
        loss = crit(out, y[b])
        if epoch < EPOCHS // 2:
            loss = loss + 0.3 * crit(aux, y[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
    net.eval()
    with torch.no_grad():
        acc = (net(xt)[0].argmax(1) == yt).float().mean().item()
    print(f"epoch {epoch} loss {loss.item():.4f} test {acc:.4f} exact zeros:",
          {k: round(v, 2) for k, v in list(stats.items())[:4]})
print(f"test accuracy {acc:.4f}")
