import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


class Regressor(nn.Module):
    def __init__(self, n_in, width=64):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(n_in, width), nn.ReLU(),
            nn.Linear(width, width), nn.ReLU(),
        )
        self.head = nn.Linear(width, 1)
        self.apply(self._init)

    @staticmethod
    def _init(m):
        if isinstance(m, nn.Linear):
            nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
            nn.init.constant_(m.bias, -6.0)

    def forward(self, x):
        return self.head(self.body(x)).squeeze(-1)


def main():
    torch.manual_seed(3)
    X, y = load_diabetes(return_X_y=True)
    Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.25, random_state=0)
    sx = StandardScaler().fit(Xtr)
    mu, sd = ytr.mean(), ytr.std()
    f = lambda a: torch.tensor(a, dtype=torch.float32)
    train = TensorDataset(f(sx.transform(Xtr)), f((ytr - mu) / sd))
    loader = DataLoader(train, batch_size=32, shuffle=True)
    model = Regressor(X.shape[1])
    opt = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-3)
    for epoch in range(15):
        for xb, yb in loader:
            loss = nn.functional.mse_loss(model(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 5 == 4:
            print(epoch + 1, loss.item())
    model.eval()
    with torch.no_grad():
        pred = model(f(sx.transform(Xte)))
        t = f((yte - mu) / sd)
        r2 = 1 - ((pred - t) ** 2).sum() / ((t - t.mean()) ** 2).sum()
    print("test r2", r2.item())


if __name__ == "__main__":
    main()
