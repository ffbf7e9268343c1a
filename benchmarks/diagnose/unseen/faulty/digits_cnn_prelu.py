import torch
import torch.nn as nn
from sklearn.datasets import load_digits


class TextureNet(nn.Module):
    """Tells upright patches from contrast-inverted/rotated mixtures."""

    def __init__(self, slope=1.0):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1)
        self.act1 = nn.LeakyReLU(slope)
        self.conv2 = nn.Conv2d(12, 24, 3, padding=1)
        self.act2 = nn.LeakyReLU(slope)
        self.pool = nn.AvgPool2d(2)
        self.fc = nn.Linear(24 * 4, 10)

    def forward(self, x):
        x = self.pool(self.act1(self.conv1(x)))
        x = self.pool(self.act2(self.conv2(x)))
        return self.fc(x.flatten(1))


torch.manual_seed(0)
d = load_digits()
x = torch.tensor(d.images, dtype=torch.float32)[:, None] / 8 - 1
y = torch.tensor(d.target)
g = torch.Generator().manual_seed(1)
sign = torch.where(torch.rand(len(x), generator=g) < 0.5, 1.0, -1.0)   # random polarity
x = x * sign[:, None, None, None]

net = TextureNet()
opt = torch.optim.AdamW(net.parameters(), lr=5e-3)
for epoch in range(10):
    perm = torch.randperm(1400)
    tot = 0
    for i in range(0, 1400, 64):
        b = perm[i:i + 64]
        loss = nn.functional.cross_entropy(net(x[b]), y[b])
        opt.zero_grad(); loss.backward(); opt.step()
        tot += loss.item()
    if epoch % 3 == 0 or epoch == 9:
        with torch.no_grad():
            a = (net(x[1400:]).argmax(1) == y[1400:]).float().mean().item()
        print(f"epoch {epoch} loss {tot/22:.3f} acc {a:.3f}")
