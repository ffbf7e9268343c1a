import argparse
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.set_num_threads(1)


def lecun_(m):
    if isinstance(m, nn.Linear):
        nn.init.kaiming_normal_(m.weight, nonlinearity="linear")
        nn.init.zeros_(m.bias)


class SNN(nn.Module):
    def __init__(self, n_in, width=48, depth=5, p=0.03):
        super().__init__()
        seq, d = [], n_in
        for _ in range(depth):
            seq += [nn.Linear(d, width), nn.SELU(), nn.AlphaDropout(p)]
            d = width
        self.trunk = nn.Sequential(*seq)
        self.diagnosis = nn.Linear(d, 1)
        self.size = nn.Linear(d, 1)
        self.apply(lecun_)

    def forward(self, x):
        h = self.trunk(x)
        return torch.sigmoid(self.diagnosis(h)).squeeze(1), torch.sigmoid(self.size(h)).squeeze(1)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--lr", type=float, default=4e-3)
    ap.add_argument("--warmup", type=int, default=40)
    ap.add_argument("--epochs", type=int, default=25)
    args = ap.parse_args()
    torch.manual_seed(0)
    X, y = load_breast_cancer(return_X_y=True)
    area = X[:, 3].copy()
    lo, hi = area.min(), area.max()
    size = (area - lo) / (hi - lo)
    X = X[:, 4:]
    Xa, Xb, ya, yb, sa, sb = train_test_split(X, y, size, test_size=0.3, random_state=1, stratify=y)
    sc = StandardScaler().fit(Xa)
    f = lambda a: torch.tensor(a, dtype=torch.float32)
    loader = DataLoader(TensorDataset(f(sc.transform(Xa)), f(ya), f(sa)), 32, shuffle=True)
    model = SNN(X.shape[1])
    opt = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, s / args.warmup))
    bce, mse = nn.BCELoss(), nn.MSELoss()
    for ep in range(args.epochs):
        model.train()
        tot = 0.0
        for x, t, s in loader:
            p, q = model(x)
            loss = bce(p, t) + 5 * mse(q, s)
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            tot += loss.item()
        if ep % 5 == 0:
            print(f"epoch {ep} loss {tot / len(loader):.4f} lr {sched.get_last_lr()[0]:.5f}")
    model.eval()
    with torch.no_grad():
        p, q = model(f(sc.transform(Xb)))
    acc = ((p > 0.5).float() == f(yb)).float().mean().item()
    r2 = 1 - (q - f(sb)).pow(2).mean() / f(sb).var()
    print(f"size r2 {r2.item():.4f} majority {max(yb.mean(), 1 - yb.mean()):.4f}")
    print(f"final_metric accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
