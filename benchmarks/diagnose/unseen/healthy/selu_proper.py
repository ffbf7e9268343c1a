import numpy as np
import torch
from torch import nn
from sklearn.datasets import make_classification

torch.set_num_threads(1)
torch.manual_seed(5)


def lecun_normal_(lin):
    nn.init.normal_(lin.weight, 0.0, lin.in_features ** -0.5)
    nn.init.zeros_(lin.bias)


class SelfNormalizing(nn.Module):
    def __init__(self, d, k, width=64, depth=12, p=0.02):
        super().__init__()
        dims = [d] + [width] * depth
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(dims, dims[1:]))
        self.drop = nn.AlphaDropout(p)
        self.head = nn.Linear(width, k)
        for lin in [*self.hidden, self.head]:
            lecun_normal_(lin)

    def forward(self, x):
        for lin in self.hidden:
            x = self.drop(torch.selu(lin(x)))
        return self.head(x)


X, y = make_classification(4500, 25, n_informative=12, n_redundant=5, n_classes=4,
                           n_clusters_per_class=3, class_sep=1.4, random_state=5)
X = ((X - X[:3500].mean(0)) / X[:3500].std(0)).astype(np.float32)
Xtr, ytr = torch.from_numpy(X[:3500]), torch.from_numpy(y[:3500])
Xva, yva = torch.from_numpy(X[3500:]), torch.from_numpy(y[3500:])

net = SelfNormalizing(25, 4)
opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9, nesterov=True)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 12)
for epoch in range(12):
    net.train()
    tot = 0
    for idx in torch.randperm(len(Xtr)).split(100):
        loss = nn.functional.cross_entropy(net(Xtr[idx]), ytr[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item() * len(idx)
    sched.step()
    net.eval()
    with torch.no_grad():
        acc = (net(Xva).argmax(1) == yva).float().mean().item()
    print(f'{epoch:2d} loss {tot / len(Xtr):.4f} val {acc:.3f}')
print('validation accuracy', round(acc, 4))
