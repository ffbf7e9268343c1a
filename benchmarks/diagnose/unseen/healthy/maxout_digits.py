"""Maxout network with a hand-made cross entropy on log-sum-exp."""
import gzip
import os
import numpy as np
import torch
torch.set_num_threads(1)
import torch.nn as nn

WARM = 60


class Maxout(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.p = nn.Linear(n_in, n_out)
        self.q = nn.Linear(n_in, n_out)

    def forward(self, x):
        return torch.maximum(self.p(x), self.q(x))


def leaky(x, slope=0.05):
    return torch.where(x >= 0, x, slope * x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.m1 = Maxout(196, 64)
        self.m2 = Maxout(64, 48)
        self.f = nn.Linear(48, 48)
        self.o = nn.Linear(48, 10)

    def forward(self, x):
        return self.o(leaky(self.f(self.m2(self.m1(x)))))


def neg_log_lik(score, y):
    top = score.amax(1, keepdim=True).detach()
    logz = top.squeeze(1) + torch.log(torch.exp(score - top).sum(1))
    return (logz - score[torch.arange(len(y)), y]).mean()


def get(split, n):
    d = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
    with gzip.open(os.path.join(d, split + "-images-idx3-ubyte.gz")) as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16)[: n * 784]
    with gzip.open(os.path.join(d, split + "-labels-idx1-ubyte.gz")) as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)[:n]
    x = x.reshape(n, 14, 2, 14, 2).mean((2, 4)).reshape(n, 196)
    return torch.tensor(x / 80.0 - 0.4, dtype=torch.float32), torch.tensor(y.astype(int))


torch.manual_seed(14)
x, y = get("train", 10000)
xt, yt = get("t10k", 3000)
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.08, momentum=0.8)
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(s / WARM, 1.0) * (0.2 if s > 400 else 1.0))
for step in range(600):
    idx = torch.randint(len(x), (64,))
    loss = neg_log_lik(net(x[idx]), y[idx])
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 100 == 0:
        print(step, round(loss.item(), 4))
with torch.no_grad():
    print("majority", round((yt == 1).float().mean().item(), 4))
    print("final accuracy", round((net(xt).argmax(1) == yt).float().mean().item(), 4))
