import gzip, os
import numpy as np
import torch
torch.set_num_threads(1)

torch.manual_seed(5)
root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def images(name, n):
    with gzip.open(os.path.join(root, name)) as f:
        f.read(16)
        return torch.from_numpy(np.frombuffer(f.read(n * 784), np.uint8).reshape(n, 784).copy()).float() / 255


def labels(name, n):
    with gzip.open(os.path.join(root, name)) as f:
        f.read(8)
        return torch.from_numpy(np.frombuffer(f.read(n), np.uint8).astype(np.int64))


xtr, ytr = images("train-images-idx3-ubyte.gz", 8000), labels("train-labels-idx1-ubyte.gz", 8000)
xte, yte = images("t10k-images-idx3-ubyte.gz", 2000), labels("t10k-labels-idx1-ubyte.gz", 2000)


class Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward(v)
        return torch.heaviside(v, torch.zeros((), dtype=v.dtype))

    @staticmethod
    def backward(ctx, g):
        (v,) = ctx.saved_tensors
        return g / (1 + 4 * v.abs()) ** 2


class LIFNet(torch.nn.Module):
    def __init__(self, n_hidden=150, beta=0.85, steps=8):
        super().__init__()
        self.w_in = torch.nn.Linear(784, n_hidden)
        self.w_mid = torch.nn.Linear(n_hidden, n_hidden)
        self.w_out = torch.nn.Linear(n_hidden, 10)
        torch.nn.init.normal_(self.w_in.weight, std=0.09)
        torch.nn.init.normal_(self.w_mid.weight, std=0.25)
        torch.nn.init.constant_(self.w_in.bias, 0.1)
        torch.nn.init.constant_(self.w_mid.bias, 0.1)
        self.beta, self.steps = beta, steps
        self.rate = None

    def forward(self, x):
        b = x.shape[0]
        u1 = u2 = x.new_zeros(b, self.w_in.out_features)
        s1 = s2 = torch.zeros_like(u1)
        u3 = x.new_zeros(b, 10)
        readout, fired = 0.0, 0.0
        for _ in range(self.steps):
            spikes_in = torch.bernoulli(x)
            u1 = self.beta * u1 * (1 - s1.detach()) + self.w_in(spikes_in)
            s1 = Spike.apply(u1 - 1.0)
            u2 = self.beta * u2 * (1 - s2.detach()) + self.w_mid(s1)
            s2 = Spike.apply(u2 - 1.0)
            u3 = self.beta * u3 + self.w_out(s2)
            readout = readout + u3
            fired = fired + (s1.mean() + s2.mean()) / 2
        self.rate = fired / self.steps
        return readout / self.steps


net = LIFNet()
optim = torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.9, 0.99))
lossf = torch.nn.CrossEntropyLoss()
it = 0
for epoch in range(2):
    for idx in torch.randperm(len(xtr)).split(64):
        optim.zero_grad()
        out = net(xtr[idx])
        loss = lossf(out, ytr[idx]) + 0.2 * (net.rate - 0.12).clamp(min=0)
        loss.backward()
        optim.step()
        it += 1
    print(f"epoch {epoch} it {it} loss {loss.item():.3f} firing {net.rate.item():.3f}")

with torch.no_grad():
    acc = (net(xte).argmax(1) == yte).float().mean().item()
print("majority", (yte == ytr.mode().values).float().mean().item())
print("final accuracy", round(acc, 4))
