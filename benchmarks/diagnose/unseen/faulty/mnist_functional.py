"""MNIST with torch.nn.functional only; ported from a numpy exercise sheet."""
import gzip
import os

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
ROOT = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def images(name, n):
    with gzip.open(os.path.join(ROOT, name)) as f:
        f.read(16)
        raw = np.frombuffer(f.read(n * 784), dtype=np.uint8)
    return torch.from_numpy(raw.reshape(-1, 1, 28, 28).astype("float32") / 255)


def labels(name, n):
    with gzip.open(os.path.join(ROOT, name)) as f:
        f.read(8)
        return torch.from_numpy(np.frombuffer(f.read(n), dtype=np.uint8).astype("int64"))


def parameter(*shape):
    return torch.nn.Parameter(torch.full(shape, 0.01))


def zeros(n):
    return torch.nn.Parameter(torch.zeros(n))


params = torch.nn.ParameterDict({
    "conv1": parameter(8, 1, 5, 5), "bias1": zeros(8),
    "conv2": parameter(16, 8, 3, 3), "bias2": zeros(16),
    "fc": parameter(64, 16 * 5 * 5), "bias3": zeros(64),
    "out": parameter(10, 64), "bias4": zeros(10),
})


def relu(x):
    return (x + x.abs()) / 2


def forward(p, x):
    x = relu(F.conv2d(x, p["conv1"], p["bias1"]))
    x = F.max_pool2d(x, 2)
    x = relu(F.conv2d(x, p["conv2"], p["bias2"]))
    x = F.max_pool2d(x, 2)
    x = relu(F.linear(x.flatten(1), p["fc"], p["bias3"]))
    return F.linear(x, p["out"], p["bias4"])


def cross_entropy(z, y):
    z = z - z.max(1, keepdim=True).values
    log_p = z - z.exp().sum(1, keepdim=True).log()
    return -log_p.gather(1, y[:, None]).mean()


x_train, y_train = images("train-images-idx3-ubyte.gz", 8000), labels("train-labels-idx1-ubyte.gz", 8000)
x_test, y_test = images("t10k-images-idx3-ubyte.gz", 2000), labels("t10k-labels-idx1-ubyte.gz", 2000)

opt = torch.optim.SGD(params.parameters(), lr=0.01, momentum=0.9, nesterov=True)
step = 0
for epoch in range(3):
    for idx in torch.randperm(len(x_train)).split(64):
        loss = cross_entropy(forward(params, x_train[idx]), y_train[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 50 == 0:
            print(f"epoch {epoch} step {step} loss {loss.item():.4f}")
        step += 1

with torch.no_grad():
    acc = (forward(params, x_test).argmax(1) == y_test).float().mean().item()
print(f"test accuracy: {acc:.4f}")
