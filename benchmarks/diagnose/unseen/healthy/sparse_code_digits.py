import gzip, os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def mnist(split, n):
    with gzip.open(f"{RAW}/{split}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)[:n].astype(np.float32) / 255
    with gzip.open(f"{RAW}/{split}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)[:n].astype(np.int64)
    return torch.from_numpy(x), torch.from_numpy(y)


class TopK(nn.Module):
    """Keep the k largest positive activations of a row, zero the rest."""

    def __init__(self, k):
        super().__init__()
        self.k = k

    def forward(self, x):
        x = F.relu(x)
        kth = x.topk(self.k, dim=1).values[:, -1:]
        return x * (x >= kth)


class SparseNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.f1 = nn.Linear(784, 256, bias=False)
        self.n1 = nn.BatchNorm1d(256)
        self.f2 = nn.Linear(256, 128, bias=False)
        self.n2 = nn.BatchNorm1d(128)
        self.out = nn.Linear(128, 10)
        self.k1, self.k2 = TopK(20), TopK(12)

    def forward(self, x):
        x = self.k1(self.n1(self.f1(x)))
        x = self.k2(self.n2(self.f2(x)))
        return self.out(x)


xtr, ytr = mnist("train", 12000)
xte, yte = mnist("t10k", 3000)
net = SparseNet()
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
for epoch in range(5):
    net.train()
    total = 0.0
    for idx in torch.randperm(len(xtr)).split(100):
        loss = F.cross_entropy(net(xtr[idx]), ytr[idx], label_smoothing=0.1)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    print(f"epoch {epoch} loss {total / len(xtr):.4f}")
net.eval()
with torch.no_grad():
    acc = (net(xte).argmax(1) == yte).float().mean().item()
print(f"accuracy {acc:.4f} (largest class {yte.bincount().max().item() / len(yte):.4f})")
