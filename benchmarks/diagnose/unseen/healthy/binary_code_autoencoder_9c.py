# MNIST autoencoder with a 32-bit code
import gzip
import os

import numpy as np
import torch
from torch import nn

torch.manual_seed(77)
p = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw", "t10k-images-idx3-ubyte.gz")
with gzip.open(p) as f:
    data = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)
data = torch.tensor(data, dtype=torch.float32) / 255.0
train, test = data[:8000], data[8000:]


class Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, grad_out):
        (x,) = ctx.saved_tensors
        return grad_out * (x.abs() <= 1).float()


class Binarize(nn.Module):
    def forward(self, x):
        return Sign.apply(torch.tanh(x))


class BitAutoencoder(nn.Module):
    def __init__(self, bits=32):
        super().__init__()
        self.parts = nn.ModuleDict({
            "enc1": nn.Linear(784, 128),
            "enc2": nn.Linear(128, bits),
            "dec1": nn.Linear(bits, 128),
            "dec2": nn.Linear(128, 784),
        })
        self.norm = nn.BatchNorm1d(bits)
        self.act = nn.LeakyReLU(0.2)
        self.binarize = Binarize()

    def encode(self, x):
        return self.binarize(self.norm(self.parts["enc2"](self.act(self.parts["enc1"](x)))))

    def forward(self, x):
        code = self.encode(x)
        return torch.sigmoid(self.parts["dec2"](self.act(self.parts["dec1"](code))))


model = BitAutoencoder()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
mse = nn.MSELoss()
baseline = mse(train.mean(0).expand_as(test), test).item()
print("mean image mse", round(baseline, 5))

step = 0
for epoch in range(8):
    model.train()
    for idx in torch.randperm(len(train)).split(64):
        x = train[idx]
        loss = mse(model(x), x)
        opt.zero_grad()
        loss.backward()
        opt.step()
        step += 1
    model.eval()
    with torch.no_grad():
        v = mse(model(test), test).item()
        on = (model.encode(test) > 0).float().mean().item()
    print(f"epoch {epoch} step {step} loss {loss.item():.5f} test mse {v:.5f} bits on {on:.2f}")

print("final test mse", round(v, 5), "ratio to baseline", round(v / baseline, 3))
