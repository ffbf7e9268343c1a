import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F

def batch(n, t):
    v = torch.rand(n, t)
    m = torch.zeros(n, t)
    i = torch.randint(0, t // 2, (n,))
    j = torch.randint(t // 2, t, (n,))
    r = torch.arange(n)
    m[r, i] = 1
    m[r, j] = 1
    return torch.stack([v, m], 2), (v * m).sum(1)


class AddNet(nn.Module):
    def __init__(self, h=64, scale=1.4):
        super().__init__()
        self.rnn = nn.RNN(2, h, nonlinearity="relu", batch_first=True)
        self.out = nn.Linear(h, 1)
        nn.init.eye_(self.rnn.weight_hh_l0)
        self.rnn.weight_hh_l0.data.mul_(scale)
        nn.init.normal_(self.rnn.weight_ih_l0, std=0.1)
        nn.init.zeros_(self.rnn.bias_ih_l0)
        nn.init.zeros_(self.rnn.bias_hh_l0)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1]).squeeze(1)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=15)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    xt, yt = batch(1000, 30)
    net = AddNet()
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    for ep in range(a.epochs):
        tot = 0.0
        for _ in range(60):
            xb, yb = batch(64, 30)
            loss = F.mse_loss(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item()
        with torch.no_grad():
            mse = F.mse_loss(net(xt), yt).item()
        print(f"epoch {ep} train {tot / 60:.5g} test mse {mse:.5g}")


if __name__ == "__main__":
    main()
