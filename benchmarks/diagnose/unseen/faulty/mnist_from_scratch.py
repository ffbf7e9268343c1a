import gzip
import numpy as np
import torch
import torch.nn.functional as F

torch.manual_seed(0)
raw = "../shared/data/MNIST/raw/"
X = np.frombuffer(gzip.open(raw + "train-images-idx3-ubyte.gz").read(16 + 784 * 8000), np.uint8)[16:]
Y = np.frombuffer(gzip.open(raw + "train-labels-idx1-ubyte.gz").read(8 + 8000), np.uint8)[8:]
X = torch.from_numpy(X.reshape(-1, 784).copy()).float() / 255
Y = torch.from_numpy(Y.copy()).long()
Xtr, Ytr, Xva, Yva = X[:6000], Y[:6000], X[6000:], Y[6000:]

sizes = [784, 200, 200, 100, 10]
weights, biases = [], []
for n_in, n_out in zip(sizes[:-1], sizes[1:]):
    w = torch.randn(n_in, n_out)
    weights.append(w.requires_grad_())
    biases.append(torch.zeros(n_out, requires_grad=True))


def forward(x):
    for i, (w, b) in enumerate(zip(weights, biases)):
        x = x @ w + b
        if i < len(weights) - 1:
            x = F.relu(x)
    return x


optimizer = torch.optim.SGD(weights + biases, lr=0.05)
for epoch in range(5):
    perm = torch.randperm(len(Xtr))
    losses = []
    for k in range(0, len(perm), 100):
        i = perm[k:k + 100]
        loss = F.cross_entropy(forward(Xtr[i]), Ytr[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch}: {np.mean(losses):.4f}")

with torch.no_grad():
    print("val accuracy", (forward(Xva).argmax(1) == Yva).float().mean().item())
