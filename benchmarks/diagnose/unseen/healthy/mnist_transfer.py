import gzip, os
import numpy as np
import torch
from torch import nn

root = "../shared/data/MNIST/raw"


def read(img, lab, n):
    im = np.frombuffer(gzip.open(os.path.join(root, img)).read(), np.uint8, offset=16)
    la = np.frombuffer(gzip.open(os.path.join(root, lab)).read(), np.uint8, offset=8)
    im = im.reshape(-1, 1, 28, 28)[:n].astype(np.float32)
    return torch.from_numpy((im / 255 - 0.13) / 0.31), torch.from_numpy(la[:n].astype(np.int64))


def backbone():
    return nn.Sequential(
        nn.Conv2d(1, 12, 5, stride=2, padding=2), nn.BatchNorm2d(12), nn.ReLU(inplace=True),
        nn.Conv2d(12, 24, 3, stride=2, padding=1), nn.BatchNorm2d(24), nn.ReLU(inplace=True),
        nn.Conv2d(24, 48, 3, stride=2, padding=1), nn.BatchNorm2d(48), nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(2), nn.Flatten())


def fit(features, head, x, y, params, epochs, lr):
    opt = torch.optim.SGD(params, lr=lr, momentum=0.9, nesterov=True)
    for e in range(epochs):
        for idx in torch.randperm(len(x)).split(64):
            loss = nn.functional.cross_entropy(head(features(x[idx])), y[idx])
            opt.zero_grad(); loss.backward(); opt.step()
        print(f"  epoch {e}: loss {loss.item():.3f}")


torch.manual_seed(0)
x, y = read("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", 8000)
xt, yt = read("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", 3000)
lo, hi, hit = y < 5, y >= 5, yt >= 5

print("stage 1: digits 0-4")
features, head = backbone(), nn.Linear(192, 5)
fit(features, head, x[lo], y[lo], list(features.parameters()) + list(head.parameters()), 2, 0.03)

print("stage 2: frozen features, new head on digits 5-9")
features.eval()
for p in features.parameters():
    p.requires_grad_(False)
new_head = nn.Linear(192, 5)
fit(features, new_head, x[hi], y[hi] - 5, new_head.parameters(), 6, 0.03)
with torch.no_grad():
    acc = (new_head(features(xt[hit])).argmax(1) == yt[hit] - 5).float().mean()
print("test accuracy on 5-9:", round(acc.item(), 4))
