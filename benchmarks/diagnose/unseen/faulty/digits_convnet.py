import gzip, os
import numpy as np
import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(3)
ROOT = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def idx(name, offset):
    with gzip.open(os.path.join(ROOT, name + ".gz")) as f:
        return np.frombuffer(f.read(), np.uint8, offset=offset)


def load(split, n):
    x = idx(f"{split}-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28)[:n]
    y = idx(f"{split}-labels-idx1-ubyte", 8)[:n]
    return (torch.from_numpy(x.copy()).float() / 255 - 0.13) / 0.31, torch.from_numpy(y.copy()).long()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(),
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 24, 3, padding=1), nn.ReLU(),
        )
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(24 * 49, 96), nn.ReLU(), nn.Linear(96, 10))

    def forward(self, x):
        return self.classifier(self.features(x))


def main():
    xtr, ytr = load("train", 8000)
    xte, yte = load("t10k", 2000)
    net = Net()
    opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
    sched = torch.optim.lr_scheduler.MultiStepLR(opt, milestones=[2], gamma=12)
    crit = nn.CrossEntropyLoss()
    for epoch in range(6):
        net.train()
        for idxs in torch.randperm(len(xtr)).split(100):
            loss = crit(net(xtr[idxs]), ytr[idxs])
            opt.zero_grad()
            loss.backward()
            opt.step()
        sched.step()
        net.eval()
        with torch.no_grad():
            acc = (net(xte).argmax(1) == yte).float().mean().item()
        print(f"epoch {epoch}: loss {loss.item():.4f} test_acc {acc:.4f}")
    print(f"final test_acc {acc:.4f}")


if __name__ == "__main__":
    main()
