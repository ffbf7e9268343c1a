"""Dilated causal stack for motif detection in long 1-D signals."""
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(0)


@dataclass(frozen=True)
class HP:
    channels: int = 20
    layers: int = 12
    length: int = 64
    batch: int = 40
    steps: int = 180
    lr: float = 2e-3


hp = HP()


class CausalLayer(nn.Module):
    def __init__(self, cin, cout, dilation):
        super().__init__()
        self.pad = dilation
        self.conv = nn.Conv1d(cin, cout, 2, dilation=dilation)

    def forward(self, x):
        return torch.sigmoid(self.conv(F.pad(x, (self.pad, 0))))


class WaveStack(nn.Module):
    def __init__(self, n_classes=3):
        super().__init__()
        dil = [1, 2, 4, 8]
        layers, cin = [], 1
        for i in range(hp.layers):
            layers.append(CausalLayer(cin, hp.channels, dil[i % 4]))
            cin = hp.channels
        self.layers = nn.ModuleList(layers)
        self.readout = nn.Linear(hp.channels, n_classes)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.readout(x.mean(-1))


motifs = torch.stack([
    torch.sin(torch.linspace(0, 6.28, 16)),
    torch.linspace(-1, 1, 16),
    torch.sign(torch.sin(torch.linspace(0.1, 12.4, 16))),
]) * 1.8


def sample(n, g):
    y = torch.randint(0, 3, (n,), generator=g)
    x = 0.25 * torch.randn(n, hp.length, generator=g)
    for i in range(n):
        s = int(torch.randint(0, hp.length - 16, (1,), generator=g))
        x[i, s:s + 16] += motifs[y[i]]
    return x[:, None], y


g = torch.Generator().manual_seed(99)
X, Y = sample(2000, g)
XV, YV = sample(600, g)

model = WaveStack()
opt = torch.optim.Adam(model.parameters(), lr=hp.lr)

for step in range(1, hp.steps + 1):
    idx = torch.randint(0, len(X), (hp.batch,), generator=g)
    loss = F.cross_entropy(model(X[idx]), Y[idx])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 30 == 0 or step == 1:
        print(f"step {step:4d} loss {loss.item():.4f}")

with torch.no_grad():
    acc = (model(XV).argmax(1) == YV).float().mean()
print(f"held-out accuracy {acc:.4f}")
