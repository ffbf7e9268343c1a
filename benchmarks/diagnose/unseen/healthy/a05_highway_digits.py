# 12-layer highway network; the transform gates start almost closed (bias -2), as in the paper
import gzip, numpy as np, torch
from torch import nn

def load(kind, n):
    p = '../shared/data/MNIST/raw/' + kind
    x = np.frombuffer(gzip.open(p + '-images-idx3-ubyte.gz').read(), np.uint8, offset=16).reshape(-1, 784)[:n]
    y = np.frombuffer(gzip.open(p + '-labels-idx1-ubyte.gz').read(), np.uint8, offset=8)[:n]
    return (torch.tensor(x.copy()).float() / 255 - 0.1307), torch.tensor(y.copy()).long()

torch.manual_seed(5)
xtr, ytr = load('train', 5000)
xte, yte = load('t10k', 2000)

class Highway(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.h = nn.Linear(d, d)
        self.t = nn.Linear(d, d)
        nn.init.orthogonal_(self.h.weight)
        nn.init.constant_(self.t.bias, -2.0)
    def forward(self, x):
        gate = self.t(x).sigmoid()
        return gate * self.h(x).tanh() + (1 - gate) * x

net = nn.Sequential(nn.Linear(784, 64), *[Highway(64) for _ in range(12)], nn.Linear(64, 10))
opt = torch.optim.SGD(net.parameters(), lr=0.08, momentum=0.9, nesterov=True)
sched = torch.optim.lr_scheduler.StepLR(opt, step_size=3, gamma=0.4)
lossf = nn.CrossEntropyLoss()
for ep in range(6):
    s = 0
    for ix in torch.randperm(5000).split(100):
        loss = lossf(net(xtr[ix]), ytr[ix])
        opt.zero_grad(); loss.backward(); opt.step()
        s += loss.item()
    sched.step()
    print('epoch', ep, 'loss', round(s / 50, 4))
with torch.no_grad():
    acc = (net(xte).argmax(1) == yte).float().mean().item()
print('test acc', round(acc, 4), 'chance 0.10')
