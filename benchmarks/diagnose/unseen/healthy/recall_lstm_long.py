import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

def make(n, t):
    x = torch.randint(4, 10, (n, t))
    key = torch.randint(0, 4, (n,))
    x[:, 0] = key
    return x, key


class Recall(nn.Module):
    def __init__(self, h=32):
        super().__init__()
        self.emb = nn.Embedding(10, 16)
        self.lstm = nn.LSTM(16, h, batch_first=True)
        self.fc = nn.Linear(h, 4)
        with torch.no_grad():
            self.lstm.bias_ih_l0[h:2 * h].fill_(4.0)
            self.lstm.bias_hh_l0[h:2 * h].zero_()

    def forward(self, x):
        return self.fc(self.lstm(self.emb(x))[0][:, -1])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=8)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    x, y = make(2000, 60)
    xt, yt = make(500, 60)
    dl = DataLoader(TensorDataset(x, y), batch_size=50, shuffle=True)
    net = Recall()
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    for ep in range(a.epochs):
        for xb, yb in dl:
            loss = F.cross_entropy(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
        with torch.no_grad():
            acc = (net(xt).argmax(1) == yt).float().mean().item()
        print(f"epoch {ep} loss {loss.item():.6f} test acc {acc:.4f}")


if __name__ == "__main__":
    main()
