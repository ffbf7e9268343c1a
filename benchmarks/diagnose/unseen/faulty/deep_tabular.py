import os
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

torch.set_num_threads(1)
ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805


def selu(x):
    return SCALE * torch.where(x > 0, x, ALPHA * (torch.exp(x.clamp(max=0)) - 1))


class Sensors(Dataset):
    """Twelve sensor channels; the class is the regime the plant runs in."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        proto = torch.randn(30, 12, generator=torch.Generator().manual_seed(7)) * 1.3
        which = torch.randint(0, 30, (n,), generator=g)
        self.y = which % 6
        self.x = proto[which] + 0.45 * torch.randn(n, 12, generator=g)
        self.x = self.x / self.x.std()

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class DeepNet(nn.Module):
    def __init__(self, d_in=12, width=64, depth=16, classes=6, drop=0.02):
        super().__init__()
        dims = [d_in] + [width] * depth
        self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(dims, dims[1:])])
        self.drop = nn.AlphaDropout(drop)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        for layer in self.layers:
            x = self.drop(selu(layer(x)))
        return self.head(x)


def main():
    seed = int(os.environ.get("SEED", 0))
    torch.manual_seed(seed)
    train = DataLoader(Sensors(6000, seed), batch_size=64, shuffle=True)
    test = Sensors(2000, seed + 1000)
    net = DeepNet()
    opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    crit = nn.CrossEntropyLoss()
    for epoch in range(8):
        net.train()
        total, n = 0.0, 0
        for x, y in train:
            opt.zero_grad()
            loss = crit(net(x), y)
            loss.backward()
            opt.step()
            total, n = total + loss.item() * len(y), n + len(y)
        print(f"epoch {epoch} loss {total / n:.4f}")
    net.eval()
    with torch.no_grad():
        acc = (net(test.x).argmax(1) == test.y).float().mean().item()
    print(f"test accuracy {acc:.4f} (chance {1 / 6:.3f})")


main()
