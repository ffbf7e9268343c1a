"""Plain deep trunk on digit images."""
import gzip
import os
import numpy as np
import torch
torch.set_num_threads(1)
import torch.nn as nn
import torch.nn.functional as F


class Trunk(nn.Module):
    def __init__(self, d_in=196, d=96, depth=12, classes=10):
        super().__init__()
        self.inp = nn.Linear(d_in, d)
        self.body = nn.ModuleList([nn.Linear(d, d) for _ in range(depth)])
        self.cls = nn.Linear(d, classes)
        self.apply(self._init)

    def _init(self, m):
        if isinstance(m, nn.Linear):
            nn.init.trunc_normal_(m.weight, std=0.02)
            nn.init.zeros_(m.bias)

    def forward(self, x):
        x = F.relu(self.inp(x))
        for layer in self.body:
            x = F.relu(layer(x))
        return self.cls(x)


def load(split, n, root=os.environ.get("DATA_DIR", "../shared/data")):
    path = os.path.join(root, "MNIST", "raw", split)
    with gzip.open(path + "-images-idx3-ubyte.gz", "rb") as f:
        f.read(16)
        x = np.frombuffer(f.read(n * 784), dtype=np.uint8).reshape(n, 14, 2, 14, 2).mean((2, 4))
    with gzip.open(path + "-labels-idx1-ubyte.gz", "rb") as f:
        f.read(8)
        y = np.frombuffer(f.read(n), dtype=np.uint8)
    x = (x.reshape(n, 196).astype(np.float32) - 33.3) / 74.0
    return torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))


def train(model, data, steps, bs=64):
    x, y = data
    opt = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, nesterov=True)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=0.03, total_steps=steps)
    for step in range(steps):
        k = torch.randint(len(x), (bs,))
        loss = F.cross_entropy(model(x[k]), y[k], label_smoothing=0.02)
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if step % 100 == 0:
            print(f"{step:5d} {loss.item():.4f}")


if __name__ == "__main__":
    torch.manual_seed(2)
    net = Trunk()
    train(net, load("train", 10000), steps=500)
    xt, yt = load("t10k", 3000)
    with torch.no_grad():
        print("final accuracy", (net(xt).argmax(1) == yt).float().mean().item())
