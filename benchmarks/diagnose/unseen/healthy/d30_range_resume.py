"""Short learning-rate sweep (weights restored afterwards), training, then a resume from a checkpoint file."""
import copy, gzip, os, tempfile
import numpy as np
import torch
from torch import nn


def mnist(part, n):
    r = "../shared/data/MNIST/raw/"
    im = np.frombuffer(gzip.open(f"{r}{part}-images-idx3-ubyte.gz").read(), np.uint8, offset=16)[:n * 784]
    lb = np.frombuffer(gzip.open(f"{r}{part}-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)[:n]
    return torch.tensor(im.reshape(n, 1, 28, 28) / 255.0, dtype=torch.float32), torch.tensor(lb.astype("int64"))


torch.manual_seed(2)
x, y = mnist("train", 4000)
xt, yt = mnist("t10k", 1500)


def build():
    return nn.Sequential(nn.Conv2d(1, 12, 5, stride=2), nn.BatchNorm2d(12), nn.ReLU(), nn.Conv2d(12, 24, 3, stride=2),
                         nn.BatchNorm2d(24), nn.ReLU(), nn.Flatten(), nn.Linear(24 * 25, 10))


def step(net, opt, idx):
    loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss.item()


net = build()
saved = copy.deepcopy(net.state_dict())
opt = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)
best, best_lr, avg = 9e9, 1e-3, None
for k in range(30):
    lr = 1e-3 * (100 ** (k / 29))                    # 1e-3 ... 1e-1
    opt.param_groups[0]["lr"] = lr
    l = step(net, opt, torch.randint(0, len(x), (64,)))
    avg = l if avg is None else 0.7 * avg + 0.3 * l
    if avg < best:
        best, best_lr = avg, lr
net.load_state_dict(saved)
best_lr = min(best_lr / 3, 0.03)
print(f"picked lr {best_lr:.4f}")

opt = torch.optim.SGD(net.parameters(), lr=best_lr, momentum=0.9)
for ep in range(2):
    for idx in torch.randperm(len(x)).split(50):
        l = step(net, opt, idx)
    print("epoch", ep, "loss", round(l, 4))
path = os.path.join(tempfile.mkdtemp(), "ck.pt")
torch.save({"net": net.state_dict(), "opt": opt.state_dict()}, path)

ck = torch.load(path)
net2 = build()
net2.load_state_dict(ck["net"])
opt2 = torch.optim.SGD(net2.parameters(), lr=best_lr, momentum=0.9)
opt2.load_state_dict(ck["opt"])
for gp in opt2.param_groups:
    gp["lr"] /= 5
for idx in torch.randperm(len(x)).split(50):
    l = step(net2, opt2, idx)
net2.eval()
with torch.no_grad():
    print(f"resumed: loss {l:.4f}, test acc {(net2(xt).argmax(1) == yt).float().mean().item():.4f}, chance 0.1")
