import argparse
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler

torch.set_num_threads(1)


class SelfNormalizingNet(nn.Module):
    def __init__(self, n_in, width, depth, n_out, p):
        super().__init__()
        layers, d = [], n_in
        for _ in range(depth):
            layers += [nn.Linear(d, width), nn.SELU()]
            d = width
        layers += [nn.AlphaDropout(p), nn.Linear(d, n_out)]
        self.net = nn.Sequential(*layers)
        self.apply(self._init)

    @staticmethod
    def _init(m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, std=0.02)
            nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.net(x)


def parse():
    ap = argparse.ArgumentParser()
    ap.add_argument("--width", type=int, default=96)
    ap.add_argument("--depth", type=int, default=8)
    ap.add_argument("--dropout", type=float, default=0.05)
    ap.add_argument("--lr", type=float, default=0.02)
    ap.add_argument("--epochs", type=int, default=10)
    ap.add_argument("--batch-size", type=int, default=100)
    return ap.parse_args()


def evaluate(model, loader):
    model.eval()
    hit = n = 0
    with torch.no_grad():
        for x, y in loader:
            hit += (model(x).argmax(1) == y).sum().item()
            n += len(y)
    return hit / n


def main(args):
    torch.manual_seed(0)
    X, y = make_classification(n_samples=6000, n_features=30, n_informative=12, n_redundant=6,
                               n_classes=5, n_clusters_per_class=3, class_sep=1.6, random_state=3)
    X = StandardScaler().fit_transform(X)
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
    train = DataLoader(TensorDataset(X[:4500], y[:4500]), args.batch_size, shuffle=True)
    test = DataLoader(TensorDataset(X[4500:], y[4500:]), 500)
    model = SelfNormalizingNet(30, args.width, args.depth, 5, args.dropout)
    opt = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, nesterov=True)
    sched = torch.optim.lr_scheduler.StepLR(opt, 4, 0.5)
    for ep in range(args.epochs):
        model.train()
        s = 0.0
        for xb, yb in train:
            loss = nn.functional.cross_entropy(model(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            s += loss.item()
        sched.step()
        print(f"epoch {ep} loss {s / len(train):.4f} acc {evaluate(model, test):.4f}")
    print(f"final_metric accuracy {evaluate(model, test):.4f}")


if __name__ == "__main__":
    main(parse())
