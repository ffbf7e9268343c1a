import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class ResBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.bn = nn.BatchNorm1d(width)
        self.lin1 = nn.Linear(width, width)
        self.lin2 = nn.Linear(width, width)
        nn.init.kaiming_normal_(self.lin1.weight, nonlinearity="relu")
        nn.init.zeros_(self.lin2.weight)      # every block starts as the identity
        nn.init.zeros_(self.lin2.bias)

    def forward(self, x):
        h = torch.relu(self.bn(x))
        h = torch.relu(self.lin1(h))
        return x + self.lin2(h)


class DeepNet(nn.Module):
    def __init__(self, depth=50, width=32):
        super().__init__()
        self.stem = nn.Linear(64, width)
        self.blocks = nn.Sequential(*[ResBlock(width) for _ in range(depth)])
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)))


torch.manual_seed(0)
X, y = load_digits(return_X_y=True)
X = (X - X.mean()) / X.std()
Xtr, Xte, ytr, yte = [torch.as_tensor(a) for a in train_test_split(X, y, test_size=0.2, random_state=1)]
Xtr, Xte = Xtr.float(), Xte.float()
model = DeepNet()
opt = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)
lossf = nn.CrossEntropyLoss()
for epoch in range(8):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(Xtr)).split(64):
        if len(idx) < 8:
            continue
        loss = lossf(model(Xtr[idx]), ytr[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.detach() * len(idx)
    model.eval()
    with torch.no_grad():
        acc = (model(Xte).argmax(1) == yte).float().mean().item()
    print(f"epoch {epoch}: loss {total.item() / len(Xtr):.4f} test acc {acc:.4f}")
