# My first CNN on MNIST - week 4 lab
import gzip
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
np.random.seed(0)
torch.set_num_threads(1)

ROOT = '../shared/data/MNIST/raw/'


def load_images(name, n):
    with gzip.open(ROOT + name) as f:
        buf = f.read(16 + n * 784)
    return np.frombuffer(buf, np.uint8, offset=16).reshape(n, 1, 28, 28)


def load_labels(name, n):
    with gzip.open(ROOT + name) as f:
        buf = f.read(8 + n)
    return np.frombuffer(buf, np.uint8, offset=8).astype(np.int64)


MEAN = 0.1307 * 255
STD = 0.3081


def prepare(images):
    x = torch.from_numpy(images.copy()).float() / 255.0
    return (x - MEAN) / STD


x_train = prepare(load_images('train-images-idx3-ubyte.gz', 4000))
y_train = torch.from_numpy(load_labels('train-labels-idx1-ubyte.gz', 4000))
x_test = prepare(load_images('t10k-images-idx3-ubyte.gz', 1500))
y_test = torch.from_numpy(load_labels('t10k-labels-idx1-ubyte.gz', 1500))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5, stride=2)
        self.conv2 = nn.Conv2d(16, 24, 3, stride=2)
        self.fc1 = nn.Linear(24 * 5 * 5, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
batch = 64

for epoch in range(4):
    net.train()
    order = torch.randperm(len(x_train))
    total = 0.0
    for i in range(0, len(order), batch):
        idx = order[i:i + batch]
        opt.zero_grad()
        loss = F.cross_entropy(net(x_train[idx]), y_train[idx])
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    print('epoch', epoch + 1, 'train loss %.4f' % (total / len(order)))

net.eval()
with torch.no_grad():
    acc = (net(x_test).argmax(1) == y_test).float().mean().item()
print('test accuracy: %.3f' % acc)
