import argparse
import torch
from torch import nn
from sklearn.datasets import make_friedman1
from sklearn.preprocessing import StandardScaler

torch.set_num_threads(1)

ACTIVATIONS = {"relu": nn.ReLU(), "tanh": nn.Tanh(), "gelu": nn.GELU(), "softplus": nn.Softplus()}


def get_activation(name):
    return ACTIVATIONS.get(name, nn.Identity())


class Regressor(nn.Module):
    def __init__(self, n_in, hidden, act):
        super().__init__()
        sizes = [n_in] + list(hidden)
        layers = []
        for a, b in zip(sizes[:-1], sizes[1:]):
            layers += [nn.Linear(a, b), get_activation(act)]
        self.features = nn.Sequential(*layers)
        self.out = nn.Linear(sizes[-1], 1)

    def forward(self, x):
        return self.out(self.features(x)).squeeze(-1)


def main():
    parser = argparse.ArgumentParser(description="Friedman #1 with L-BFGS")
    parser.add_argument("--hidden", type=int, nargs="+", default=[32, 32])
    parser.add_argument("--activation", default="GELU")
    parser.add_argument("--outer", type=int, default=25)
    parser.add_argument("--l2", type=float, default=1e-4)
    args = parser.parse_args()

    torch.manual_seed(0)
    X, y = make_friedman1(n_samples=2400, n_features=8, noise=0.3, random_state=0)
    xs, ys = StandardScaler().fit(X[:1600]), StandardScaler().fit(y[:1600, None])
    X = torch.tensor(xs.transform(X), dtype=torch.float32)
    y = torch.tensor(ys.transform(y[:, None])[:, 0], dtype=torch.float32)
    xa, ya, xb, yb = X[:1600], y[:1600], X[1600:], y[1600:]

    model = Regressor(8, args.hidden, args.activation)
    opt = torch.optim.LBFGS(model.parameters(), lr=1.0, max_iter=12, history_size=12,
                            line_search_fn="strong_wolfe")

    def closure():
        opt.zero_grad()
        penalty = sum(p.pow(2).sum() for p in model.parameters())
        loss = (model(xa) - ya).pow(2).mean() + args.l2 * penalty
        loss.backward()
        return loss

    for it in range(args.outer):
        loss = opt.step(closure)
        if it % 5 == 0:
            print(f"outer {it:2d} objective {loss.item():.5f}")
    with torch.no_grad():
        r2 = 1 - (model(xb) - yb).pow(2).mean() / yb.var()
    print(f"final_metric r2 {r2.item():.4f}")


if __name__ == "__main__":
    main()
