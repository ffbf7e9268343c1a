"""Overcomplete autoencoder with an L1 penalty on its codes (8x8 digits)."""
import argparse

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.set_num_threads(1)


class SparseAE(nn.Module):
    def __init__(self, d=64, k=160):
        super().__init__()
        self.enc = nn.Linear(d, k)
        self.dec = nn.Linear(k, d)
        with torch.no_grad():
            self.enc.weight.copy_(self.dec.weight.t())
            self.enc.bias.fill_(0.05)

    def forward(self, x):
        code = torch.relu(self.enc(x))
        return self.dec(code), code


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--l1", type=float, default=0.012)
    ap.add_argument("--epochs", type=int, default=60)
    ap.add_argument("--lr", type=float, default=1e-3)
    args = ap.parse_args()
    torch.manual_seed(0)
    x = torch.tensor(load_digits().data, dtype=torch.float32) / 16
    x = x - x.mean(0)
    train, val = random_split(TensorDataset(x), [1500, len(x) - 1500])
    loader = DataLoader(train, 32, shuffle=True)
    xv = torch.stack([v[0] for v in val])
    model = SparseAE()
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    baseline = xv.pow(2).mean().item()
    for epoch in range(args.epochs):
        for (xb,) in loader:
            rec, code = model(xb)
            loss = (rec - xb).pow(2).sum(1).mean() + args.l1 * code.abs().sum(1).mean() * 10
            opt.zero_grad()
            loss.backward()
            opt.step()
            with torch.no_grad():       # unit-norm dictionary
                model.dec.weight.div_(model.dec.weight.norm(dim=0, keepdim=True).clamp(min=1e-8))
        if epoch % 10 == 9:
            with torch.no_grad():
                rec, code = model(xv)
            print(f"epoch {epoch + 1} val mse {(rec - xv).pow(2).mean().item():.5f} (mean predictor {baseline:.5f}) "
                  f"active {(code > 0).float().mean().item():.3f}")


if __name__ == "__main__":
    main()
