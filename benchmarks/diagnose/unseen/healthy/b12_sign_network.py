# Binary-weight / binary-activation network with clipped straight-through gradients
import gzip
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

class BinSign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (x.abs() <= 1).to(g.dtype)

class BinLinear(nn.Linear):
    def forward(self, x):
        w = BinSign.apply(self.weight)
        return F.linear(x, w * self.in_features ** -0.5, self.bias)

def data(split, n):
    d = '../shared/data/MNIST/raw/'
    x = np.frombuffer(gzip.open(d + split + '-images-idx3-ubyte.gz').read(), np.uint8, offset=16).reshape(-1, 784)[:n] / 127.5 - 1
    y = np.frombuffer(gzip.open(d + split + '-labels-idx1-ubyte.gz').read(), np.uint8, offset=8)[:n]
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.long)

torch.manual_seed(4)
xtr, ytr = data('train', 10000)
xte, yte = data('t10k', 2000)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1, self.n1 = BinLinear(784, 200, bias=False), nn.BatchNorm1d(200)
        self.l2, self.n2 = BinLinear(200, 200, bias=False), nn.BatchNorm1d(200)
        self.l3, self.n3 = BinLinear(200, 10, bias=False), nn.BatchNorm1d(10)

    def forward(self, x):
        x = BinSign.apply(self.n1(self.l1(x)))
        x = BinSign.apply(self.n2(self.l2(x)))
        return self.n3(self.l3(x))

net = Net()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for ep in range(5):
    net.train()
    for b in torch.randperm(len(xtr)).split(100):
        loss = F.cross_entropy(net(xtr[b]), ytr[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        for m in (net.l1, net.l2, net.l3):
            m.weight.data.clamp_(-1, 1)
    for gp in opt.param_groups:
        gp['lr'] *= 0.65
    net.eval()
    with torch.no_grad():
        print('epoch %d loss %.3f test acc %.3f' % (ep, loss.item(), (net(xte).argmax(1) == yte).float().mean().item()))
print('chance 0.10')
