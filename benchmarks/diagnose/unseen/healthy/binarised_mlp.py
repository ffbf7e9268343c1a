"""BinaryConnect-style MLP: +-1 weights and activations in the hidden layer, real latent weights underneath."""
import gzip
import numpy as np
import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(4)


class BinarySign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * (x.abs() <= 1).to(grad.dtype)


binarise = BinarySign.apply


class BinaryLinear(nn.Linear):
    def __init__(self, i, o):
        super().__init__(i, o, bias=False)
        nn.init.uniform_(self.weight, -0.1, 0.1)

    def forward(self, x):
        return nn.functional.linear(x, binarise(self.weight)) / self.in_features ** 0.5


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = BinaryLinear(784, 128)
        self.norm1 = nn.BatchNorm1d(128)
        self.second = BinaryLinear(128, 128)
        self.norm2 = nn.BatchNorm1d(128)
        self.out = nn.Linear(128, 10)

    def forward(self, x):
        x = binarise(self.norm1(self.first(x)))
        x = binarise(self.norm2(self.second(x)))
        return self.out(x)

    @torch.no_grad()
    def clip_latent(self):
        for m in (self.first, self.second):
            m.weight.clamp_(-1, 1)


def load(kind, n):
    base = f"../shared/data/MNIST/raw/{kind}"
    with gzip.open(base + "-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + 784 * n), np.uint8, offset=16).reshape(n, 784)
    with gzip.open(base + "-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    return torch.from_numpy(x.astype(np.float32) / 127.5 - 1), torch.from_numpy(y.astype(np.int64))


xtr, ytr = load("train", 5000)
xte, yte = load("t10k", 1500)
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda e: 0.75 ** e)
hinge = nn.MultiMarginLoss(margin=1.0, p=2)

for epoch in range(8):
    net.train()
    tot = 0.0
    for idx in torch.randperm(len(xtr)).split(100):
        opt.zero_grad()
        loss = hinge(net(xtr[idx]), ytr[idx])
        loss.backward()
        opt.step()
        net.clip_latent()
        tot += loss.item() * len(idx)
    sched.step()
    print("epoch %d squared hinge %.4f" % (epoch + 1, tot / len(xtr)))

net.eval()
with torch.no_grad():
    print("test accuracy %.4f" % (net(xte).argmax(1) == yte).float().mean().item())
