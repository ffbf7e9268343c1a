"""Self-normalizing network (Klambauer et al., 2017) on a tabular task."""
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def init_weights(module):
    if isinstance(module, nn.Linear):
        nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
        nn.init.zeros_(module.bias)


class SNN(nn.Module):
    def __init__(self, d_in, d_hidden, depth, n_classes):
        super().__init__()
        blocks = []
        for i in range(depth):
            blocks += [nn.Linear(d_in if i == 0 else d_hidden, d_hidden), nn.SELU()]
        self.trunk = nn.Sequential(*blocks)
        self.head = nn.Linear(d_hidden, n_classes)
        self.apply(init_weights)

    def forward(self, x):
        return self.head(self.trunk(x))


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    X, y = make_classification(n_samples=2200, n_features=30, n_informative=12, n_redundant=6,
                               n_classes=4, n_clusters_per_class=2, class_sep=1.3, random_state=4)
    Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.3, random_state=0)
    sc = StandardScaler().fit(Xtr)
    Xtr = torch.tensor(sc.transform(Xtr), dtype=torch.float32)
    Xte = torch.tensor(sc.transform(Xte), dtype=torch.float32)
    ytr, yte = torch.tensor(ytr), torch.tensor(yte)

    net = SNN(30, 48, 20, 4)
    opt = torch.optim.Adam(net.parameters(), lr=5e-4)
    for epoch in range(10):
        net.train()
        tot = 0.0
        for idx in torch.randperm(len(Xtr)).split(64):
            opt.zero_grad()
            loss = nn.functional.cross_entropy(net(Xtr[idx]), ytr[idx])
            loss.backward()
            opt.step()
            tot += loss.item() * len(idx)
        if epoch % 3 == 0:
            print(f"epoch {epoch:2d} loss {tot / len(Xtr):.4f}")
    net.eval()
    with torch.no_grad():
        acc = (net(Xte).argmax(1) == yte).float().mean().item()
    print(f"accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
