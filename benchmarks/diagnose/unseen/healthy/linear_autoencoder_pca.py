"""Linear autoencoder on the 8x8 digits, compared with PCA (Baldi & Hornik exercise)."""
import argparse

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split


class LinearAutoencoder(nn.Module):
    def __init__(self, n_in, k):
        super().__init__()
        self.encode = nn.Linear(n_in, k, bias=False)
        self.decode = nn.Linear(k, n_in, bias=False)
        nn.init.orthogonal_(self.encode.weight)
        with torch.no_grad():
            self.decode.weight.copy_(self.encode.weight.t())

    def forward(self, x):
        return self.decode(self.encode(x))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("-k", type=int, default=12)
    p.add_argument("--epochs", type=int, default=60)
    p.add_argument("--lr", type=float, default=5e-3)
    args = p.parse_args()
    torch.manual_seed(0)

    X = load_digits().data
    Xa, Xb = train_test_split(X, test_size=0.3, random_state=0)
    mean = Xa.mean(0)
    scale = (Xa - mean).std()
    Xa, Xb = (Xa - mean) / scale, (Xb - mean) / scale
    xa = torch.tensor(Xa, dtype=torch.float32)
    xb = torch.tensor(Xb, dtype=torch.float32)

    model = LinearAutoencoder(64, args.k)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.95)
    for epoch in range(args.epochs):
        for b in torch.randperm(len(xa)).split(64):
            loss = nn.functional.mse_loss(model(xa[b]), xa[b])
            opt.zero_grad()
            loss.backward()
            opt.step()
        sched.step()
        if epoch % 15 == 14:
            print(f"epoch {epoch + 1} mse {loss.item():.4f}")

    pca = PCA(args.k).fit(Xa)
    pca_err = ((pca.inverse_transform(pca.transform(Xb)) - Xb) ** 2).mean()
    with torch.no_grad():
        ae_err = nn.functional.mse_loss(model(xb), xb).item()
    print("baseline (mean image) mse", round(float((xb ** 2).mean()), 4))
    print("PCA test mse", round(float(pca_err), 4))
    print("linear AE test mse", round(ae_err, 4))


if __name__ == "__main__":
    main()
