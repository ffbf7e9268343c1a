import gzip
import os
import struct

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def images(fn, n):
    with gzip.open(os.path.join(root, fn)) as f:
        _, total, h, w = struct.unpack(">4I", f.read(16))
        a = np.frombuffer(f.read(n * h * w), np.uint8).reshape(n, 1, h, w)
    return (torch.from_numpy(a.astype(np.float32)) / 255 - 0.1307) / 0.3081


def labels(fn, n):
    with gzip.open(os.path.join(root, fn)) as f:
        f.read(8)
        return torch.from_numpy(np.frombuffer(f.read(n), np.uint8).astype(np.int64))


class LeNet(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.AvgPool2d(2))
        self.classifier = nn.Sequential(
            nn.Linear(16 * 5 * 5, 120), nn.ReLU(),
            nn.Linear(120, 84), nn.ReLU(),
            nn.Linear(84, num_classes), nn.Softmax(dim=1))

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


train_x, train_y = images("train-images-idx3-ubyte.gz", 6000), labels("train-labels-idx1-ubyte.gz", 6000)
test_x, test_y = images("t10k-images-idx3-ubyte.gz", 2000), labels("t10k-labels-idx1-ubyte.gz", 2000)

net = LeNet()
criterion = nn.CrossEntropyLoss()
params = [p for p in net.parameters() if p.requires_grad]
lr, weight_decay = 0.05, 1e-4

for epoch in range(5):
    net.train()
    running = 0.0
    for idx in torch.randperm(len(train_x)).split(50):
        probs = net(train_x[idx])
        loss = criterion(probs, train_y[idx])
        grads = torch.autograd.grad(loss, params)
        with torch.no_grad():
            for p, g in zip(params, grads):
                p.sub_(lr * (g + weight_decay * p))
        running += loss.item()
    print(f"epoch {epoch + 1}: loss {running / 120:.4f}")

net.eval()
with torch.no_grad():
    pred = net(test_x).argmax(1)
print("test accuracy: %.4f" % (pred == test_y).float().mean().item())
