import gzip, math, os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.metrics import average_precision_score

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
DATA = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def read(name, skip):
    with gzip.open(os.path.join(DATA, name)) as f:
        return np.frombuffer(f.read(), np.uint8, offset=skip)


def overlays(prefix, n, gen):
    """Two digits on one canvas; the label is the set of both."""
    x = torch.from_numpy(read(prefix + "-images-idx3-ubyte.gz", 16).copy()).view(-1, 784).float() / 255
    y = torch.from_numpy(read(prefix + "-labels-idx1-ubyte.gz", 8).copy()).long()
    i = torch.randint(len(x), (n,), generator=gen)
    j = torch.randint(len(x), (n,), generator=gen)
    img = torch.maximum(x[i], x[j])
    lab = torch.zeros(n, 10)
    lab[torch.arange(n), y[i]] = 1
    lab[torch.arange(n), y[j]] = 1
    return img, lab


class SquaredReLU(nn.Module):
    def forward(self, x):
        return F.relu(x).square()


class Tagger(nn.Module):
    def __init__(self, width=192, prior=0.03):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Linear(784, width), SquaredReLU(),
            nn.Linear(width, width), SquaredReLU(),
        )
        self.head = nn.Linear(width, 10)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_normal_(m.weight)
                # start at the base rate of the tags
                nn.init.constant_(m.bias, math.log(prior / (1 - prior)))

    def forward(self, x):
        return self.head(self.trunk(x))


def main():
    gen = torch.Generator().manual_seed(SEED)
    xtr, ytr = overlays("train", 12000, gen)
    xte, yte = overlays("t10k", 3000, gen)
    mu, sd = xtr.mean(), xtr.std()
    xtr, xte = (xtr - mu) / sd, (xte - mu) / sd
    net = Tagger()
    opt = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-2)
    lossf = nn.BCEWithLogitsLoss()
    for epoch in range(5):
        perm = torch.randperm(len(xtr), generator=gen)
        total = 0.0
        for k in range(0, len(perm), 100):
            idx = perm[k:k + 100]
            loss = lossf(net(xtr[idx]), ytr[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        print(f"epoch {epoch} loss {total / len(perm):.4f}")
    net.eval()
    with torch.no_grad():
        score = net(xte).numpy()
    print(f"mAP {average_precision_score(yte.numpy(), score, average='macro'):.4f} (base rate {yte.mean():.4f})")


main()
