"""Fully connected classifier for the handwritten-digits set."""
import torch
torch.set_num_threads(1)
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(42)

digits = load_digits()
X = (digits.data - digits.data.mean()) / digits.data.std()
X_tr, X_te, y_tr, y_te = train_test_split(X, digits.target, test_size=0.25, random_state=42, stratify=digits.target)
train_ds = TensorDataset(torch.tensor(X_tr, dtype=torch.float32), torch.tensor(y_tr))
test_ds = TensorDataset(torch.tensor(X_te, dtype=torch.float32), torch.tensor(y_te))
train_dl = DataLoader(train_ds, batch_size=64, shuffle=True)
test_dl = DataLoader(test_ds, batch_size=256)


class NeuralNetwork(nn.Module):
    def __init__(self, in_features, hidden, depth, n_classes):
        super().__init__()
        layers = [nn.Linear(in_features, hidden), nn.Sigmoid()]
        for _ in range(depth - 1):
            layers += [nn.Linear(hidden, hidden), nn.Sigmoid()]
        layers.append(nn.Linear(hidden, n_classes))
        self.stack = nn.Sequential(*layers)

    def forward(self, x):
        return self.stack(x)


model = NeuralNetwork(64, 64, 5, 10)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)


def train_loop(dataloader):
    model.train()
    total = 0
    for X, y in dataloader:
        pred = model(X)
        loss = loss_fn(pred, y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        total += loss.item()
    return total / len(dataloader)


def test_loop(dataloader):
    model.eval()
    correct = 0
    with torch.no_grad():
        for X, y in dataloader:
            correct += (model(X).argmax(1) == y).type(torch.float).sum().item()
    return correct / len(dataloader.dataset)


epochs = 20
for t in range(epochs):
    loss = train_loop(train_dl)
    if t % 5 == 0:
        print(f"Epoch {t + 1}: loss {loss:>7f}  acc {test_loop(test_dl):.3f}")
print("Done!")
print(f"final accuracy {test_loop(test_dl):.4f}")
