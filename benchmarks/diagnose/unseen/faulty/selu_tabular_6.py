"""Deep self-normalising network for a tabular multi-class problem."""
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(8)
torch.set_num_threads(1)

HP = dict(width=64, depth=22, lr=0.01, batch_size=64, epochs=9, n_classes=5)


class SNN(nn.Module):
    def __init__(self, n_in, width, depth, n_classes):
        super().__init__()
        blocks = []
        for i in range(depth):
            blocks += [
                nn.Linear(n_in if i == 0 else width, width),
                nn.SELU(),
            ]
        self.hidden = nn.Sequential(*blocks)
        self.out = nn.Linear(width, n_classes)

    def forward(self, x):
        return self.out(self.hidden(x))


def load():
    X, y = make_classification(n_samples=4000, n_features=20, n_informative=10, n_redundant=4,
                               n_classes=HP["n_classes"], n_clusters_per_class=2, class_sep=1.5, random_state=4)
    Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.25, random_state=4)
    sc = StandardScaler().fit(Xtr)
    f = lambda a: torch.tensor(sc.transform(a), dtype=torch.float32)
    return (f(Xtr), torch.tensor(ytr)), (f(Xte), torch.tensor(yte))


def fit(model, loader, epochs, lr):
    opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.9)
    ce = nn.CrossEntropyLoss()
    for ep in range(epochs):
        model.train()
        tot = 0.0
        for xb, yb in loader:
            opt.zero_grad()
            loss = ce(model(xb), yb)
            loss.backward()
            opt.step()
            tot += loss.item()
        sched.step()
        if ep % 2 == 1:
            print(f"epoch {ep + 1}: loss {tot / len(loader):.4f}")


@torch.no_grad()
def score(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


(train_x, train_y), (test_x, test_y) = load()
loader = DataLoader(TensorDataset(train_x, train_y), batch_size=HP["batch_size"], shuffle=True)
model = SNN(train_x.shape[1], HP["width"], HP["depth"], HP["n_classes"])
fit(model, loader, HP["epochs"], HP["lr"])
print(f"train acc {score(model, train_x, train_y):.3f}  test acc {score(model, test_x, test_y):.3f}")
