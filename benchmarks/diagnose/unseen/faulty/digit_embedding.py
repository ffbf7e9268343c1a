import gzip, os
import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
raw = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST/raw")


def load(split, n):
    with gzip.open(f"{raw}/{split}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)[:n]
    with gzip.open(f"{raw}/{split}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)[:n]
    return (torch.from_numpy(x.astype(np.float32)) / 255 - 0.13) / 0.31, torch.from_numpy(y.astype(np.int64))


class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)


def embedder(dim=16):
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=2), Swish(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), Swish(),
        nn.Flatten(), nn.Linear(32 * 49, 64), Swish(), nn.Linear(64, dim))


def pairwise(z):
    sq = z.square().sum(1)
    d2 = sq[:, None] + sq[None, :] - 2 * z @ z.T
    return d2.clamp(min=0).sqrt()


def contrastive(z, y, margin=2.0):
    """Pull the pairs of one class together, push the others to the margin."""
    d = pairwise(z)
    same = (y[:, None] == y[None, :]).float()
    pull = (d * same).sum() / same.sum()
    push = (torch.relu(margin - d) * (1 - same)).sum() / (1 - same).sum()
    return pull + 2 * push


@torch.no_grad()
def neighbour_accuracy(net, xg, yg, xq, yq):
    gallery = net(xg)
    query = net(xq)
    near = torch.cdist(query, gallery).argmin(1)
    return (yg[near] == yq).float().mean().item()


xtr, ytr = load("train", 6000)
xte, yte = load("t10k", 1500)
net = embedder()
opt = torch.optim.RMSprop(net.parameters(), lr=5e-4)
history = []
for step in range(350):
    idx = torch.randint(0, len(xtr), (64,))
    loss = contrastive(net(xtr[idx]), ytr[idx])
    opt.zero_grad()
    loss.backward()
    opt.step()
    history.append(loss.item())
    if (step + 1) % 50 == 0:
        print(f"step {step + 1}: loss {sum(history[-50:]) / 50:.4f}")
acc = neighbour_accuracy(net.eval(), xtr[:1000], ytr[:1000], xte, yte)
print(f"1-nn accuracy {acc:.4f}")
