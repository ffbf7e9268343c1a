import argparse
import torch
import torch.nn as nn
from sklearn.datasets import load_digits


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.fc2 = nn.Linear(128, 64)
        self.fc3 = nn.Linear(64, 10)

    def forward(self, x):
        x = nn.functional.gelu(self.fc1(x))
        x = nn.functional.gelu(self.fc2(x))
        return self.fc3(x)


def main(args):
    torch.manual_seed(args.seed)
    dtype = torch.bfloat16 if args.precision == "bf16" else torch.float32
    d = load_digits()
    X = torch.tensor(d.data / 16.0).to(dtype)
    y = torch.tensor(d.target)
    perm = torch.randperm(len(X))
    tr, te = perm[:1400], perm[1400:]
    net = Net().to(dtype)
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        for b in tr[torch.randperm(len(tr))].split(32):
            loss = nn.functional.cross_entropy(net(X[b]).float(), y[b])
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 5 == 0:
            print("epoch", epoch, "loss", loss.item())
    with torch.no_grad():
        print("test accuracy", (net(X[te]).argmax(1) == y[te]).float().mean().item())


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--precision", default="bf16", choices=["bf16", "fp32"])
    p.add_argument("--lr", type=float, default=5e-5)
    p.add_argument("--epochs", type=int, default=20)
    p.add_argument("--seed", type=int, default=0)
    main(p.parse_args())
