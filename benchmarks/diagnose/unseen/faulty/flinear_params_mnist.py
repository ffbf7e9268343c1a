# MNIST with F.linear and hand-made nn.Parameters
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
base = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST/raw")
with gzip.open(f"{base}/t10k-images-idx3-ubyte.gz") as fh:
    img = np.frombuffer(fh.read(), np.uint8, offset=16).reshape(-1, 28, 28)
with gzip.open(f"{base}/t10k-labels-idx1-ubyte.gz") as fh:
    lab = np.frombuffer(fh.read(), np.uint8, offset=8)

img = img[:, ::2, ::2].reshape(len(img), -1)
X = torch.tensor(img / 255.0, dtype=torch.float32)
Y = torch.tensor(lab, dtype=torch.long)
Xtr, Ytr, Xva, Yva = X[:8000], Y[:8000], X[8000:], Y[8000:]
print(Xtr.shape, Xva.shape)


class MyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        g = grad.clone()
        g[x < 0] = 0
        return g


class Net(nn.Module):
    def __init__(self, n_in=196, n_hidden=100, n_out=10):
        super().__init__()
        self.w = nn.ParameterList()
        self.b = nn.ParameterList()
        for i, o in [(n_in, n_hidden), (n_hidden, n_hidden), (n_hidden, n_out)]:
            self.w.append(nn.Parameter(torch.full((o, i), 0.01)))
            self.b.append(nn.Parameter(torch.zeros(o)))

    def forward(self, x):
        for k in range(2):
            x = MyReLU.apply(F.linear(x, self.w[k], self.b[k]))
        return F.linear(x, self.w[2], self.b[2])


net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)

best = 0.0
it = 0
for epoch in range(6):
    idx = torch.randperm(len(Xtr))
    for chunk in idx.split(80):
        out = net(Xtr[chunk])
        loss = F.cross_entropy(out, Ytr[chunk])
        opt.zero_grad()
        loss.backward()
        opt.step()
        it += 1
        if it % 100 == 0:
            print(f"  it {it} loss {loss.item():.4f}")
    with torch.no_grad():
        out = net(Xva)
        vl = F.cross_entropy(out, Yva).item()
        va = (out.argmax(1) == Yva).float().mean().item()
    best = max(best, va)
    print(f"epoch {epoch} val_loss {vl:.4f} val_acc {va:.4f}")

print("best val acc", round(best, 4))
