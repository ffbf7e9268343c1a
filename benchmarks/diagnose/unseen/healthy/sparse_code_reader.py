"""Overcomplete sparse code: normalised pre-activations, then a high threshold.
Every unit answers to a few per cent of the images only; code feeds decoder and classifier."""
import torch
from torch import nn
from sklearn.datasets import load_digits

CFG = {"units": 384, "theta": 1.6, "lr": 1e-3, "epochs": 140, "batch": 64}


class SparseCoder(nn.Module):
    def __init__(self, n_in, units, theta):
        super().__init__()
        self.lin = nn.Linear(n_in, units, bias=False)
        self.norm = nn.BatchNorm1d(units, affine=False)
        self.theta = theta

    def forward(self, x):
        return torch.relu(self.norm(self.lin(x)) - self.theta)


class Reader(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.code = SparseCoder(64, cfg["units"], cfg["theta"])
        self.decode = nn.Linear(cfg["units"], 64)
        self.classify = nn.Linear(cfg["units"], 10)

    def forward(self, x):
        c = self.code(x)
        return self.decode(c), self.classify(c), c


def main():
    torch.manual_seed(9)
    d = load_digits()
    x = torch.tensor(d.data / 16.0, dtype=torch.float32)
    y = torch.tensor(d.target)
    perm = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    tr, te = perm[:1300], perm[1300:]
    net = Reader(CFG)
    opt = torch.optim.Adam(net.parameters(), lr=CFG["lr"])
    for epoch in range(CFG["epochs"]):
        net.train()
        for sel in tr[torch.randperm(len(tr))].split(CFG["batch"]):
            if len(sel) < 2:
                continue
            rec, logits, _ = net(x[sel])
            loss = 10 * nn.functional.mse_loss(rec, x[sel]) + nn.functional.cross_entropy(logits, y[sel])
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 14 == 13:
            net.eval()
            with torch.no_grad():
                rec, logits, c = net(x[te])
                r2 = 1 - ((rec - x[te]) ** 2).mean() / ((x[te] - x[tr].mean(0)) ** 2).mean()
                acc = (logits.argmax(1) == y[te]).float().mean()
            print(f"epoch {epoch + 1} loss {loss.item():.4f} R2 {r2.item():.4f} acc {acc.item():.4f} "
                  f"active {(c > 0).float().mean().item():.3f}")
    print(f"final acc {acc.item():.4f} R2 {r2.item():.4f}")


if __name__ == "__main__":
    main()
