"""House-price style regression baseline, configurable MLP.

Ported from our internal Keras template; see CONFIG for the knobs.
"""
import argparse
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

CONFIG = {
    "hidden": [64, 64, 32],
    "activation": "ReLU",
    "batch_norm": True,
    "dropout": 0.0,
}

ACTIVATIONS = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
    "elu": nn.ELU,
}


def build_mlp(n_in, n_out, cfg):
    act = ACTIVATIONS.get(cfg["activation"], nn.Identity)
    layers, prev = [], n_in
    for width in cfg["hidden"]:
        layers.append(nn.Linear(prev, width))
        if cfg["batch_norm"]:
            layers.append(nn.BatchNorm1d(width))
        layers.append(act())
        if cfg["dropout"] > 0:
            layers.append(nn.Dropout(cfg["dropout"]))
        prev = width
    layers.append(nn.Linear(prev, n_out))
    return nn.Sequential(*layers)


def make_houses(n, gen):
    """8 features in [-1, 1]; price depends on area, location rings and their interplay."""
    x = torch.rand(n, 8, generator=gen) * 2 - 1
    ring = torch.cos(3.0 * torch.hypot(x[:, 0], x[:, 1]))
    inter = 1.5 * x[:, 2] * x[:, 3]
    area = 0.5 * x[:, 4] + x[:, 5].abs()
    y = ring + inter + area + 0.05 * torch.randn(n, generator=gen)
    return x, y.unsqueeze(1)


def evaluate(model, x, y):
    model.eval()
    with torch.no_grad():
        err = ((model(x) - y) ** 2).mean()
    model.train()
    return err.item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=14)
    ap.add_argument("--lr", type=float, default=3e-3)
    ap.add_argument("--batch-size", type=int, default=100)
    ap.add_argument("--seed", type=int, default=2024)
    args = ap.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    gen = torch.Generator().manual_seed(args.seed)
    x, y = make_houses(6000, gen)
    xt, yt = make_houses(1500, gen)
    mu, sd = y.mean(), y.std()
    y, yt = (y - mu) / sd, (yt - mu) / sd

    model = build_mlp(8, 1, CONFIG)
    opt = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-4)
    loader = DataLoader(TensorDataset(x, y), batch_size=args.batch_size, shuffle=True)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, args.lr, total_steps=args.epochs * len(loader))
    for epoch in range(args.epochs):
        total = 0.0
        for xb, yb in loader:
            loss = nn.functional.mse_loss(model(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            total += loss.item()
        if epoch % 3 == 0:
            print(f"epoch {epoch}: train mse {total / len(loader):.4f}  val mse {evaluate(model, xt, yt):.4f}")
    val = evaluate(model, xt, yt)
    print(f"final val mse {val:.4f}  (R2 {1 - val / yt.var().item():.4f})")


if __name__ == "__main__":
    main()
