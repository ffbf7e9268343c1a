"""ReZero: 32 residual blocks, no normalisation layer anywhere, each branch scaled by a scalar that starts at 0."""
from dataclasses import dataclass, field
import torch
import torch.nn as nn
from sklearn.datasets import load_digits


@dataclass
class Args:
    width: int = 48
    blocks: int = 32
    lr: float = 2e-3
    batch: int = 64
    epochs: int = 10
    smoothing: float = 0.1
    seed: int = 9


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.lin = nn.Linear(d, d)
        self.alpha = nn.Parameter(torch.zeros(()))
        nn.init.kaiming_normal_(self.lin.weight, nonlinearity="relu")

    def forward(self, x):
        return x + self.alpha * torch.relu(self.lin(x))


class Net(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.inp = nn.Linear(64, a.width)
        self.blocks = nn.Sequential(*(Block(a.width) for _ in range(a.blocks)))
        self.out = nn.Linear(a.width, 10)

    def forward(self, x):
        return self.out(self.blocks(self.inp(x)))


def main():
    a = Args()
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    d = load_digits()
    x = torch.tensor(d.data / 8.0 - 1.0, dtype=torch.float32)
    y = torch.tensor(d.target)
    order = torch.randperm(len(y))
    tr, te = order[:1400], order[1400:]
    net = Net(a)
    gates = [p for n, p in net.named_parameters() if n.endswith("alpha")]
    rest = [p for n, p in net.named_parameters() if not n.endswith("alpha")]
    opt = torch.optim.Adam([{"params": rest}, {"params": gates, "lr": 5 * a.lr}], lr=a.lr)
    loss_fn = nn.CrossEntropyLoss(label_smoothing=a.smoothing)
    for ep in range(a.epochs):
        s = 0.0
        for i in tr[torch.randperm(len(tr))].split(a.batch):
            opt.zero_grad()
            loss = loss_fn(net(x[i]), y[i])
            loss.backward()
            opt.step()
            s += loss.item() * len(i)
        print(f"epoch {ep}: loss {s / len(tr):.4f}, mean |alpha| {torch.stack(gates).abs().mean().item():.3f}")
    with torch.no_grad():
        acc = (net(x[te]).argmax(1) == y[te]).float().mean().item()
    print(f"test accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
