import argparse
import os
import tempfile

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_gaussian_quantiles
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.set_num_threads(1)


class TabularNet(nn.Module):
    def __init__(self, n_in, n_out, width=128, p=0.1):
        super().__init__()
        self.fc1 = nn.Linear(n_in, width)
        self.fc2 = nn.Linear(width, width)
        self.fc3 = nn.Linear(width, width // 2)
        self.drop = nn.Dropout(p)
        self.out = nn.Linear(width // 2, n_out)

    def forward(self, x):
        x = self.fc1(x)
        F.relu(x)
        x = self.fc2(x)
        F.relu(x)
        x = self.drop(x)
        x = self.fc3(x)
        F.relu(x)
        return self.out(x)


def train_one_epoch(model, loader, optimizer):
    model.train()
    total, n = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
        n += len(y)
    return total / n


@torch.no_grad()
def validate(model, loader):
    model.eval()
    correct, n = 0, 0
    for x, y in loader:
        correct += (model(x).argmax(1) == y).sum().item()
        n += len(y)
    return correct / n


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--patience", type=int, default=25)
    args = parser.parse_args()

    torch.manual_seed(21)
    x, y = make_gaussian_quantiles(n_samples=6000, n_features=8, n_classes=4, random_state=4)
    ds = TensorDataset(torch.tensor(x, dtype=torch.float32), torch.tensor(y))
    train_ds, val_ds = random_split(ds, [4800, 1200])
    train_loader = DataLoader(train_ds, batch_size=64, shuffle=True)
    val_loader = DataLoader(val_ds, batch_size=600)

    model = TabularNet(8, 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", patience=4)
    path = os.path.join(tempfile.mkdtemp(), "best.pt")
    best, stale = 0.0, 0
    for epoch in range(args.epochs):
        loss = train_one_epoch(model, train_loader, optimizer)
        acc = validate(model, val_loader)
        scheduler.step(acc)
        print(f"epoch {epoch:02d} | loss {loss:.4f} | val acc {acc:.4f}")
        if acc > best:
            best, stale = acc, 0
            torch.save(model.state_dict(), path)
        else:
            stale += 1
            if stale >= args.patience:
                print("early stop")
                break
    model.load_state_dict(torch.load(path))
    print(f"best val acc {validate(model, val_loader):.4f}")


if __name__ == "__main__":
    main()
