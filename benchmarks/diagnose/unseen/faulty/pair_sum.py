"""Sum of two digit images, each read by its own tower."""
import gzip, os
import numpy as np
import torch
torch.set_num_threads(1)
import torch.nn as nn

cfg = dict(
    left=dict(depth=3, width=64, act="relu"),
    right=dict(depth=12, width=64, act="logistic"),
    lr=1.5e-3, batch=64, steps=800, seed=1,
)

ACTS = {
    "relu": lambda z: z * (z > 0),
    "logistic": lambda z: 1.0 / (1.0 + torch.exp(-z)),
    "softsign": lambda z: z / (1.0 + z.abs()),
}


class Tower(nn.Module):
    def __init__(self, depth, width, act):
        super().__init__()
        sizes = [196] + [width] * depth
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        for lin in self.layers:
            nn.init.kaiming_normal_(lin.weight, nonlinearity="relu")
            nn.init.zeros_(lin.bias)
        self.act = ACTS[act]

    def forward(self, x):
        for lin in self.layers:
            x = self.act(lin(x))
        return x


class PairSum(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.left = Tower(**c["left"])
        self.right = Tower(**c["right"])
        self.join = nn.Linear(c["left"]["width"] + c["right"]["width"], 1)

    def forward(self, a, b):
        return self.join(torch.cat([self.left(a), self.right(b)], dim=1)).squeeze(1)


def mnist(split, n):
    base = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST/raw")
    with gzip.open(f"{base}/{split}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(), dtype=np.uint8, offset=16).reshape(-1, 14, 2, 14, 2)[:n]
    with gzip.open(f"{base}/{split}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(), dtype=np.uint8, offset=8)[:n]
    x = x.astype(np.float32).mean((2, 4)).reshape(n, 196) / 255
    return torch.tensor((x - x.mean()) / x.std()), torch.tensor(y.astype(np.float32))


torch.manual_seed(cfg["seed"])
x, y = mnist("train", 10000)
xt, yt = mnist("t10k", 2000)
model = PairSum(cfg)
opt = torch.optim.Adam(model.parameters(), lr=cfg["lr"])

for step in range(cfg["steps"]):
    i = torch.randint(len(x), (cfg["batch"],))
    j = torch.randint(len(x), (cfg["batch"],))
    target = (y[i] + y[j] - 9) / 4
    loss = (model(x[i], x[j]) - target).square().mean()
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    if (step + 1) % 100 == 0:
        print(step + 1, round(loss.item(), 4))

with torch.no_grad():
    perm = torch.randperm(len(xt))
    truth = (yt + yt[perm] - 9) / 4
    r2 = 1 - (model(xt, xt[perm]) - truth).square().mean() / truth.var()
print("final r2", round(r2.item(), 4))
