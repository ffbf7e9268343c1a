import argparse, math
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_digits


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=25)
    p.add_argument("--lr", type=float, default=4e-3)
    p.add_argument("--warmup", type=int, default=120)
    p.add_argument("--hidden", type=int, default=96)
    return p.parse_args([])


class Block(nn.Module):
    def __init__(self, d, drop=0.1):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.ff = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Dropout(drop), nn.Linear(2 * d, d))

    def forward(self, x):
        return x + self.ff(self.norm(x))


def main():
    args = get_args()
    torch.manual_seed(0)
    d = load_digits()
    x = torch.tensor(d.data, dtype=torch.float32) / 8 - 1
    y = torch.tensor(d.target)
    tr = DataLoader(TensorDataset(x[:1400], y[:1400]), batch_size=64, shuffle=True)
    model = nn.Sequential(nn.Linear(64, args.hidden), Block(args.hidden), Block(args.hidden),
                          nn.LayerNorm(args.hidden), nn.Linear(args.hidden, 10))
    opt = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.05)
    total = args.epochs * len(tr)

    def factor(step):
        if step < args.warmup:
            return step / args.warmup          # starts at exactly 0
        return 0.5 * (1 + math.cos(math.pi * (step - args.warmup) / (total - args.warmup)))

    sched = torch.optim.lr_scheduler.LambdaLR(opt, factor)
    for ep in range(args.epochs):
        model.train()
        for xb, yb in tr:
            loss = nn.functional.cross_entropy(model(xb), yb, label_smoothing=0.1)
            opt.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            sched.step()
        model.eval()
        with torch.inference_mode():
            acc = (model(x[1400:]).argmax(-1) == y[1400:]).float().mean().item()
        print(f"ep {ep} lr {sched.get_last_lr()[0]:.2e} loss {loss.item():.3f} val {acc:.3f}")


if __name__ == "__main__":
    main()
