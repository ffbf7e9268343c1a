import gzip, struct
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def idx(path):
    with gzip.open(path, "rb") as f:
        _, _, nd = struct.unpack(">HBB", f.read(4))
        dims = struct.unpack(">" + "I" * nd, f.read(4 * nd))
        return np.frombuffer(f.read(), dtype=np.uint8).reshape(dims)


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, stride=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 4 * 4, 84)
        self.fc2 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


torch.manual_seed(3)
base = "../shared/data/MNIST/raw/t10k-"
images = torch.from_numpy(idx(base + "images-idx3-ubyte.gz").copy()).unsqueeze(1).float()
labels = torch.from_numpy(idx(base + "labels-idx1-ubyte.gz").copy()).long()

net = LeNet()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
running = None
for it in range(220):
    i = torch.randint(0, 8000, (64,))
    out = net(images[i])
    loss = F.cross_entropy(out, labels[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    running = loss.item() if running is None else 0.95 * running + 0.05 * loss.item()
    if it % 40 == 0:
        print("iter", it, "loss %.3f" % running)
net.eval()
with torch.no_grad():
    pred = net(images[8000:]).argmax(dim=1)
print("final loss %.3f accuracy %.3f" % (running, (pred == labels[8000:]).float().mean()))
