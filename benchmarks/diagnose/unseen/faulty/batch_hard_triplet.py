"""Batch-hard triplet embedding of the digits ("In Defense of the Triplet Loss"), PK sampling, soft margin."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class Embedder(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
                                  nn.Conv2d(16, 24, 3, stride=2, padding=1), nn.BatchNorm2d(24), nn.ReLU())
        self.head = nn.Linear(24 * 16, dim)

    def forward(self, x):
        return self.head(self.stem(x).flatten(1))


def pairwise_distances(e):
    sq = (e[:, None, :] - e[None, :, :]).pow(2).sum(-1)
    return torch.sqrt(sq)


def batch_hard(e, labels):
    d = pairwise_distances(e)
    same = labels[:, None] == labels[None, :]
    hardest_pos = (d * same).max(1).values
    hardest_neg = (d + 1e4 * same).min(1).values
    return F.softplus(hardest_pos - hardest_neg).mean(), d


class PKSampler:
    def __init__(self, labels, p, k, rng):
        self.by_class = [np.flatnonzero(labels == c) for c in np.unique(labels)]
        self.p, self.k, self.rng = p, k, rng

    def draw(self):
        classes = self.rng.choice(len(self.by_class), self.p, replace=False)
        return np.concatenate([self.rng.choice(self.by_class[c], self.k, replace=False) for c in classes])


def knn_accuracy(net, xa, ya, xb, yb):
    net.eval()
    with torch.no_grad():
        d = torch.cdist(net(xb), net(xa))
    net.train()
    votes = ya[d.topk(5, largest=False).indices]
    return (votes.mode(1).values == yb).float().mean().item()


def main():
    torch.set_num_threads(1)
    torch.manual_seed(7)
    rng = np.random.default_rng(7)
    data = load_digits()
    x = torch.tensor(data.images, dtype=torch.float32).unsqueeze(1) / 16
    y = torch.tensor(data.target)
    order = torch.tensor(rng.permutation(len(x)))
    tr, te = order[:1300], order[1300:]
    sampler = PKSampler(y[tr].numpy(), p=8, k=6, rng=rng)

    net = Embedder()
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.995)
    for step in range(1, 241):
        idx = tr[torch.from_numpy(sampler.draw())]
        loss, d = batch_hard(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        opt.step()
        sched.step()
        if step % 40 == 0:
            print(f"step {step:4d}  loss {loss.item():.4f}  mean distance {d.mean().item():.3f}")
    print(f"5-NN accuracy {knn_accuracy(net, x[tr], y[tr], x[te], y[te]):.4f}")


if __name__ == "__main__":
    main()
