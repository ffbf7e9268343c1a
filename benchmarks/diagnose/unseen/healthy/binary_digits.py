import gzip, os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(14)
P = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw", "train-{}-ubyte.gz")
X = np.frombuffer(gzip.open(P.format("images-idx3")).read(), np.uint8, offset=16)[: 784 * 9000].reshape(-1, 784)
Y = np.frombuffer(gzip.open(P.format("labels-idx1")).read(), np.uint8, offset=8)[:9000]
X = torch.from_numpy((X > 100).astype(np.float32)) * 2 - 1
Y = torch.from_numpy(Y.astype(np.int64))


class Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (x.abs() <= 1)


class BinaryLinear(nn.Linear):
    def forward(self, x):
        return F.linear(x, Sign.apply(self.weight)) / self.in_features ** 0.5


class BNN(nn.Module):
    def __init__(self, h=256):
        super().__init__()
        self.l1, self.l2 = BinaryLinear(784, h, bias=False), BinaryLinear(h, h, bias=False)
        self.b1, self.b2 = nn.BatchNorm1d(h), nn.BatchNorm1d(h)
        self.out = nn.Linear(h, 10)

    def forward(self, x):
        x = Sign.apply(F.hardtanh(self.b1(self.l1(x))))
        x = Sign.apply(F.hardtanh(self.b2(self.l2(x))))
        return self.out(x)


net = BNN()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(8):
    net.train()
    for i in torch.randperm(8000).split(100):
        loss = F.cross_entropy(net(X[i]), Y[i])
        opt.zero_grad(); loss.backward(); opt.step()
        with torch.no_grad():
            for l in (net.l1, net.l2):
                l.weight.clamp_(-1, 1)
    net.eval()
    with torch.no_grad():
        acc = (net(X[8000:]).argmax(1) == Y[8000:]).float().mean().item()
    print(f"epoch {epoch} loss {loss.item():.4f} val_acc {acc:.4f}")
print(f"final val_acc {acc:.4f} (chance 0.1)")
