"""Lottery ticket: train, keep the largest 30 % of every weight matrix, rewind, retrain under the mask."""
import copy
import gzip
import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
R = "../shared/data/MNIST/raw/"


def get(s, n):
    x = np.frombuffer(gzip.open(R + s + "-images-idx3-ubyte.gz").read(), np.uint8, offset=16).reshape(-1, 784)[:n]
    y = np.frombuffer(gzip.open(R + s + "-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)[:n]
    return torch.tensor(x / 255.0, dtype=torch.float32), torch.tensor(y.astype("int64"))


xtr, ytr = get("train", 6000)
xte, yte = get("t10k", 2000)
net = nn.Sequential(nn.Linear(784, 150), nn.ReLU(), nn.Linear(150, 80), nn.ReLU(), nn.Linear(80, 10))
for m in net:
    if isinstance(m, nn.Linear):
        nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
        nn.init.zeros_(m.bias)
init = copy.deepcopy(net.state_dict())


def fit(epochs, masks=None):
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    for _ in range(epochs):
        for ix in torch.randperm(len(xtr)).split(64):
            loss = nn.functional.cross_entropy(net(xtr[ix]), ytr[ix])
            opt.zero_grad()
            loss.backward()
            if masks:
                for k, p in net.named_parameters():
                    if k in masks:
                        p.grad.mul_(masks[k])
            opt.step()
    with torch.no_grad():
        return loss.item(), (net(xte).argmax(1) == yte).float().mean().item()


print("dense  loss %.4f acc %.4f" % fit(4))
masks = {}
for k, p in net.named_parameters():
    if p.dim() == 2 and k != "4.weight":
        thr = p.detach().abs().flatten().kthvalue(int(0.7 * p.numel())).values
        masks[k] = (p.detach().abs() > thr).float()
net.load_state_dict(init)
with torch.no_grad():
    for k, p in net.named_parameters():
        if k in masks:
            p.mul_(masks[k])
print("zero weights: %.2f" % (sum((p == 0).sum().item() for p in net.parameters()) / sum(p.numel() for p in net.parameters())))
print("ticket loss %.4f acc %.4f (chance 0.1)" % fit(4, masks))
