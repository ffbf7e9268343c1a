"""Self-normalising network (Klambauer et al. 2017) on the sklearn digits."""
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


class SNN(nn.Module):
    def __init__(self, n_in, n_out, width=64, depth=24, drop=0.02):
        super().__init__()
        mods = []
        for i in range(depth):
            mods += [nn.Linear(n_in if i == 0 else width, width), nn.SELU(), nn.AlphaDropout(drop)]
        self.trunk = nn.Sequential(*mods)
        self.logits = nn.Linear(width, n_out)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.kaiming_normal_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.logits(self.trunk(x))


def loaders(batch):
    x, y = load_digits(return_X_y=True)
    a, b, ya, yb = train_test_split(x, y, test_size=0.3, random_state=1, stratify=y)
    sc = StandardScaler().fit(a)
    tr = torch.utils.data.TensorDataset(torch.tensor(sc.transform(a), dtype=torch.float32), torch.tensor(ya))
    te = (torch.tensor(sc.transform(b), dtype=torch.float32), torch.tensor(yb))
    return torch.utils.data.DataLoader(tr, batch_size=batch, shuffle=True), te


def main():
    torch.manual_seed(4)
    train_dl, (xt, yt) = loaders(32)
    net = SNN(64, 10)
    opt = torch.optim.SGD(net.parameters(), lr=0.005, momentum=0.9)
    crit = nn.CrossEntropyLoss()
    for epoch in range(48):
        net.train()
        tot = 0.0
        for xb, yb in train_dl:
            opt.zero_grad()
            loss = crit(net(xb), yb)
            loss.backward()
            opt.step()
            tot += loss.item()
        net.eval()
        with torch.no_grad():
            acc = (net(xt).argmax(1) == yt).float().mean().item()
        if epoch % 3 == 2:
            print(f"epoch {epoch + 1} loss {tot / len(train_dl):.4f} test acc {acc:.4f}")
    print(f"final test acc {acc:.4f}")


if __name__ == "__main__":
    main()
