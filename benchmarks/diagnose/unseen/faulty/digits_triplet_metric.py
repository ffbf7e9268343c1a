import torch
import torch.nn as nn
from sklearn.datasets import load_digits


class Embedder(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * 16, 24))

    def forward(self, x):
        return self.body(x)


def pairwise(a):
    diff = a.unsqueeze(1) - a.unsqueeze(0)
    return (diff ** 2).sum(-1).sqrt()


def batch_hard(emb, lab, margin=1.0):
    d = pairwise(emb)
    same = lab[:, None] == lab[None, :]
    pos = (d * same.float()).max(1).values
    neg = d.masked_fill(same, 1e6).min(1).values
    return torch.relu(pos - neg + margin).mean()


def main():
    torch.manual_seed(4)
    ds = load_digits()
    X = torch.tensor(ds.images / 16, dtype=torch.float32).unsqueeze(1)
    y = torch.tensor(ds.target)
    net = Embedder()
    opt = torch.optim.Adam(net.parameters(), 2e-3)
    for step in range(120):
        i = torch.randint(0, 1400, (64,)).unique()
        loss = batch_hard(net(X[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 20 == 0:
            print(step, loss.item())
    net.eval()
    with torch.no_grad():
        g, q = net(X[:1400]), net(X[1400:])
        nn_idx = torch.cdist(q, g).argmin(1)
        print("loss", loss.item(), "1-NN accuracy", (y[:1400][nn_idx] == y[1400:]).float().mean().item())


if __name__ == "__main__":
    main()
