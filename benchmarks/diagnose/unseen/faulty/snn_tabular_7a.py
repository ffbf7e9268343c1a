"""Self-normalizing network (Klambauer et al. 2017) for tabular classification."""
import torch
torch.set_num_threads(1)
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


class SNN(nn.Module):
    def __init__(self, n_features, n_classes, width=64, depth=16, p=0.02):
        super().__init__()
        self.inp = nn.Linear(n_features, width)
        self.hidden = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
        self.act = nn.SELU()
        self.drop = nn.AlphaDropout(p)
        self.out = nn.Linear(width, n_classes)
        self.reset_parameters()

    def reset_parameters(self):
        for layer in [self.inp, *self.hidden, self.out]:
            nn.init.kaiming_uniform_(layer.weight, a=5 ** 0.5)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = self.act(self.inp(x))
        for layer in self.hidden:
            x = self.drop(self.act(layer(x)))
        return self.out(x)


def main():
    torch.manual_seed(17)
    X, y = make_classification(n_samples=4000, n_features=30, n_informative=12, n_redundant=4, n_classes=6,
                               n_clusters_per_class=2, class_sep=1.6, random_state=17)
    X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.2, random_state=0)
    sc = StandardScaler().fit(X_tr)
    X_tr, X_te = (torch.tensor(sc.transform(a), dtype=torch.float32) for a in (X_tr, X_te))
    y_tr, y_te = torch.tensor(y_tr), torch.tensor(y_te)

    net = SNN(30, 6)
    loss_fn = nn.CrossEntropyLoss()
    optim = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
    n_epochs = 8
    for epoch in range(n_epochs):
        net.train()
        tot = 0.0
        batches = torch.randperm(len(X_tr)).split(64)
        for ids in batches:
            optim.zero_grad()
            loss = loss_fn(net(X_tr[ids]), y_tr[ids])
            loss.backward()
            optim.step()
            tot += loss.item()
        print(f"epoch {epoch + 1}/{n_epochs} loss={tot / len(batches):.4f}")

    net.eval()
    with torch.inference_mode():
        acc = (net(X_te).argmax(dim=1) == y_te).float().mean()
    print(f"final accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
