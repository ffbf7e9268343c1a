import argparse
import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

torch.set_num_threads(1)


class FactorizedLinear(nn.Module):
    def __init__(self, n_in, n_out, rank):
        super().__init__()
        self.down = nn.Linear(n_in, rank, bias=False)
        self.up = nn.Linear(rank, n_out)

    def forward(self, x):
        return self.up(self.down(x))


class LinearCodec(nn.Module):
    def __init__(self, dim, code, rank):
        super().__init__()
        self.encoder = FactorizedLinear(dim, code, rank)
        self.decoder = FactorizedLinear(code, dim, rank)

    def forward(self, x):
        return self.decoder(self.encoder(x))


def run():
    ap = argparse.ArgumentParser(description="linear codec trained to the PCA optimum")
    ap.add_argument("--code", type=int, default=12)
    ap.add_argument("--rank", type=int, default=16)
    ap.add_argument("--iters", type=int, default=40)
    args = ap.parse_args()
    torch.manual_seed(0)
    X = load_digits().data / 16.0
    X = X - X[:1300].mean(0)
    xa, xb = [torch.tensor(v, dtype=torch.float32) for v in (X[:1300], X[1300:])]
    model = LinearCodec(64, args.code, args.rank)
    opt = torch.optim.LBFGS(model.parameters(), max_iter=20, history_size=20, line_search_fn="strong_wolfe")

    def closure():
        opt.zero_grad()
        loss = nn.functional.mse_loss(model(xa), xa)
        loss.backward()
        return loss

    for i in range(args.iters):
        loss = opt.step(closure)
        if i % 8 == 0:
            print(f"iter {i} mse {loss.item():.6f}")
    with torch.no_grad():
        mse = nn.functional.mse_loss(model(xb), xb).item()
    pca = PCA(args.code).fit(xa.numpy())
    ref = np.mean((pca.inverse_transform(pca.transform(xb.numpy())) - xb.numpy()) ** 2)
    base = xb.pow(2).mean().item()
    print(f"mean baseline {base:.5f} pca {ref:.5f} model {mse:.5f}")
    print(f"final_metric explained {1 - mse / base:.4f}")


if __name__ == "__main__":
    run()
