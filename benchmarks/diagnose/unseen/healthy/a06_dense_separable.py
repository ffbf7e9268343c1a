import gzip
import numpy as np
import torch
import torch.nn as nn

BASE = "../shared/data/MNIST/raw/"


def mnist(split, n):
    with gzip.open(f"{BASE}{split}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read()[16:], dtype=np.uint8).reshape(-1, 1, 28, 28)[:n]
    with gzip.open(f"{BASE}{split}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read()[8:], dtype=np.uint8)[:n]
    return torch.from_numpy(x.copy()), torch.from_numpy(y.astype("int64"))


class SepConv(nn.Module):
    """depthwise 3x3 then pointwise 1x1, group norm, hardswish"""

    def __init__(self, cin, growth):
        super().__init__()
        self.dw = nn.Conv2d(cin, cin, 3, padding=1, groups=cin, bias=False)
        self.pw = nn.Conv2d(cin, growth, 1, bias=False)
        self.norm = nn.GroupNorm(2, growth)
        self.act = nn.Hardswish()

    def forward(self, x):
        return torch.cat([x, self.act(self.norm(self.pw(self.dw(x))))], dim=1)


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        # raw bytes in, the scaling lives inside the model
        self.register_buffer("mean", torch.tensor(33.3))
        self.register_buffer("std", torch.tensor(78.6))
        self.stem = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.stage1 = nn.Sequential(*[SepConv(8 + 8 * i, 8) for i in range(3)])
        self.trans = nn.Sequential(nn.Conv2d(32, 16, 1), nn.AvgPool2d(2))
        self.stage2 = nn.Sequential(*[SepConv(16 + 8 * i, 8) for i in range(3)])
        self.fc = nn.Linear(40, 10)

    def forward(self, x):
        x = (x.float() - self.mean) / self.std
        x = self.stage2(self.trans(self.stage1(self.stem(x))))
        return self.fc(x.mean((2, 3)) + x.amax((2, 3)))


if __name__ == "__main__":
    torch.manual_seed(11)
    x, y = mnist("train", 3200)
    xt, yt = mnist("t10k", 1000)
    net = Tiny()
    opt = torch.optim.NAdam(net.parameters(), lr=6e-3)
    for epoch in range(3):
        net.train()
        for ids in torch.randperm(len(x)).split(50):
            opt.zero_grad()
            loss = nn.functional.cross_entropy(net(x[ids]), y[ids], label_smoothing=0.1)
            loss.backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            acc = (net(xt).argmax(1) == yt).float().mean()
        print(f"epoch {epoch}: smoothed loss {loss.item():.3f}  test acc {acc.item():.3f} (chance 0.1)")
