import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(7)
np.random.seed(7)

X, y = load_digits(return_X_y=True)
X = (X / 16.0).astype("float32")
Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.3, stratify=y, random_state=1)


class PairDataset(Dataset):
    """Half of the pairs show the same digit, half show two different ones."""

    def __init__(self, x, y):
        self.x = torch.from_numpy(x)
        self.y = y
        self.by_class = [np.flatnonzero(y == c) for c in range(10)]

    def __len__(self):
        return 3 * len(self.y)

    def __getitem__(self, i):
        i = i % len(self.y)
        same = np.random.rand() < 0.5
        c = self.y[i] if same else np.random.choice([k for k in range(10) if k != self.y[i]])
        j = np.random.choice(self.by_class[c])
        return self.x[i], self.x[j], float(same)


class EmbeddingNet(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.fc = nn.Linear(32 * 4, dim)

    def forward(self, x):
        h = self.conv(x.view(-1, 1, 8, 8))
        return self.fc(h.flatten(1))


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=2.0):
        super().__init__()
        self.margin = margin

    def forward(self, a, b, same):
        dist = torch.sqrt(((a - b) ** 2).sum(dim=1))
        pull = same * dist ** 2
        push = (1 - same) * torch.clamp(self.margin - dist, min=0) ** 2
        return (pull + push).mean()


@torch.no_grad()
def knn_accuracy(net):
    net.eval()
    ref, qry = net(torch.from_numpy(Xtr)), net(torch.from_numpy(Xte))
    nearest = torch.cdist(qry, ref).argmin(1).numpy()
    return float((ytr[nearest] == yte).mean())


net = EmbeddingNet()
criterion = ContrastiveLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
loader = DataLoader(PairDataset(Xtr, ytr), batch_size=64, shuffle=True)
for epoch in range(10):
    net.train()
    total = 0.0
    for a, b, same in loader:
        optimizer.zero_grad()
        loss = criterion(net(a), net(b), same.float())
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch} loss {total / len(loader):.4f} knn {knn_accuracy(net):.4f}")
print(f"knn_accuracy {knn_accuracy(net):.4f}")
