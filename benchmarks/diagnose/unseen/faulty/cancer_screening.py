import torch
from torch import nn, optim
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def get_data():
    ds = load_breast_cancer()
    target = 1 - ds.target
    a, b, c, d = train_test_split(ds.data, target, test_size=0.3, random_state=2, stratify=target)
    sc = StandardScaler().fit(a)
    to = lambda v: torch.tensor(v, dtype=torch.float32)
    return to(sc.transform(a)), to(sc.transform(b)), to(c).view(-1, 1), to(d).view(-1, 1)


class ScreenNet(nn.Module):
    def __init__(self, dims):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(dims, 32),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(32, 16),
            nn.ReLU(),
            nn.Linear(16, 1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.net(x)


def main(seed=0, epochs=25):
    torch.manual_seed(seed)
    xtr, xte, ytr, yte = get_data()
    model = ScreenNet(xtr.shape[1])
    criterion = nn.BCEWithLogitsLoss()
    opt = optim.RMSprop(model.parameters(), lr=1e-3)
    for epoch in range(epochs):
        model.train()
        for idx in torch.randperm(len(xtr)).split(20):
            opt.zero_grad()
            loss = criterion(model(xtr[idx]), ytr[idx])
            loss.backward()
            opt.step()
    print("train loss", loss.item())
    model.eval()
    with torch.no_grad():
        out = model(xte)
        prob = torch.sigmoid(out)
        print("test log loss", criterion(out, yte).item())
        print("test accuracy", ((prob > 0.5).float() == yte).float().mean().item())


main()
