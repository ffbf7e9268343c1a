# Adversarial (FGSM) training of a small weight-standardised conv net with mixup
import gzip, numpy as np, torch
from torch import nn
import torch.nn.functional as F

def read(s, n):
    b = '../shared/data/MNIST/raw/' + s
    x = np.frombuffer(gzip.open(b + '-images-idx3-ubyte.gz').read(), np.uint8, offset=16)[:784 * n].reshape(n, 1, 28, 28)
    y = np.frombuffer(gzip.open(b + '-labels-idx1-ubyte.gz').read(), np.uint8, offset=8)[:n]
    return torch.tensor(x.copy()).float() / 255, torch.tensor(y.copy()).long()

torch.manual_seed(0)
x, y = read('train', 4000)
xt, yt = read('t10k', 800)

class WSConv(nn.Conv2d):
    def forward(self, x):
        w = self.weight
        w = (w - w.mean((1, 2, 3), keepdim=True)) / (w.std((1, 2, 3), keepdim=True) + 1e-5)
        return F.conv2d(x, w / w[0].numel() ** 0.5, self.bias, self.stride, self.padding)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.g1 = WSConv(1, 12, 4, stride=2, padding=1), nn.GroupNorm(3, 12)
        self.c2, self.g2 = WSConv(12, 24, 4, stride=2, padding=1), nn.GroupNorm(3, 24)
        self.fc = nn.Linear(24 * 49, 10)
    def forward(self, x):
        x = F.relu(self.g1(self.c1(x)))
        x = F.relu(self.g2(self.c2(x)))
        return self.fc(x.flatten(1))

def fgsm(net, x, y, eps):
    x = x.clone().requires_grad_()
    g, = torch.autograd.grad(F.cross_entropy(net(x), y), x)
    return (x.detach() + eps * g.sign()).clamp(0, 1)

net = Net()
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
for ep in range(4):
    for i in torch.randperm(len(x)).split(64):
        adv = fgsm(net, x[i], y[i], 0.1)
        lam = float(np.random.beta(0.3, 0.3))
        j = torch.randperm(len(i))
        out = net(lam * adv + (1 - lam) * adv[j])
        loss = lam * F.cross_entropy(out, y[i]) + (1 - lam) * F.cross_entropy(out, y[i][j])
        opt.zero_grad(); loss.backward(); opt.step()
    clean = (net(xt).argmax(1) == yt).float().mean().item()
    hard = (net(fgsm(net, xt, yt, 0.1)).argmax(1) == yt).float().mean().item()
    print('epoch %d mixup loss %.3f clean acc %.3f attacked acc %.3f (chance .1)' % (ep, loss.item(), clean, hard))
