"""Deep hashing of MNIST: 24-bit codes, retrieval by Hamming distance.

A small convnet gives h, the code is b = sgn(h), and a linear classifier on the code drives learning
(cf. "supervised learning of semantics-preserving hash"), with a bit-balance penalty on the codes.
"""
import gzip
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(0)
ROOT = "../shared/data/MNIST/raw/"
BITS = 24


def idx(name, header, n, shape):
    with gzip.open(ROOT + name) as f:
        buf = f.read(header + n * int(np.prod(shape)))
    return torch.from_numpy(np.frombuffer(buf, np.uint8, offset=header).reshape(n, *shape).copy())


xtr = idx("train-images-idx3-ubyte.gz", 16, 3000, (1, 28, 28)).float().div(255).sub(0.13).div(0.31)
ytr = idx("train-labels-idx1-ubyte.gz", 8, 3000, ()).long()
xte = idx("t10k-images-idx3-ubyte.gz", 16, 1000, (1, 28, 28)).float().div(255).sub(0.13).div(0.31)
yte = idx("t10k-labels-idx1-ubyte.gz", 8, 1000, ()).long()


class HashNet(nn.Module):
    def __init__(self, bits):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 5, stride=2, padding=2)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.fc = nn.Linear(16 * 49, bits)
        self.classifier = nn.Linear(bits, 10)

    def code(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        return torch.sign(self.fc(x.flatten(1)))

    def forward(self, x):
        b = self.code(x)
        return b, self.classifier(b)


def retrieval_precision(net, k=20):
    net.eval()
    with torch.no_grad():
        db, q = net.code(xtr), net.code(xte)
    ham = (BITS - q @ db.t()) / 2
    near = ham.topk(k, largest=False).indices
    return (ytr[near] == yte[:, None]).float().mean().item()


net = HashNet(BITS)
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
for epoch in range(6):
    net.train()
    perm = torch.randperm(len(xtr))
    tot = 0.0
    for i in range(0, len(perm), 60):
        j = perm[i:i + 60]
        b, logits = net(xtr[j])
        balance = b.mean(0).pow(2).mean()
        loss = F.cross_entropy(logits, ytr[j]) + 0.1 * balance
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item()
    print(f"epoch {epoch}  loss {tot / 50:.4f}  precision@20 {retrieval_precision(net):.4f}")
with torch.no_grad():
    acc = (net(xte)[1].argmax(1) == yte).float().mean().item()
print(f"final: classifier accuracy {acc:.4f}, precision@20 {retrieval_precision(net):.4f}")
