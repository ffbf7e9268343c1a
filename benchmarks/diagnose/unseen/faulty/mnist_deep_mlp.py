import argparse
import gzip
import numpy as np
import torch
from torch import nn

p = argparse.ArgumentParser()
p.add_argument("--layers", type=int, default=8)
p.add_argument("--width", type=int, default=100)
p.add_argument("--lr", type=float, default=0.1)
p.add_argument("--steps", type=int, default=250)
args = p.parse_args()

torch.manual_seed(0)
d = "../shared/data/MNIST/raw/"
x = np.frombuffer(gzip.open(d + "t10k-images-idx3-ubyte.gz").read(), np.uint8, offset=16)
x = torch.from_numpy(x.reshape(-1, 784).astype("float32") / 255)
x = (x - x.mean()) / x.std()
y = np.frombuffer(gzip.open(d + "t10k-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)
y = torch.from_numpy(y.astype("int64"))

layers, n = [], 784
for _ in range(args.layers):
    layers += [nn.Linear(n, args.width), nn.Sigmoid()]
    n = args.width
layers.append(nn.Linear(n, 10))
net = nn.Sequential(*layers)

opt = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9)
for step in range(args.steps):
    b = torch.randint(0, 8000, (128,))
    loss = nn.functional.cross_entropy(net(x[b]), y[b])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 49:
        print(f"step {step+1}: loss {loss.item():.4f}")
with torch.no_grad():
    print("accuracy", (net(x[8000:]).argmax(1) == y[8000:]).float().mean().item())
