import argparse
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import TensorDataset, DataLoader
from sklearn.datasets import make_friedman1
from sklearn.metrics import r2_score


class Regressor(nn.Module):
    """Three hidden layers, the last one narrower."""

    def __init__(self, in_dim, hidden):
        super().__init__()
        self.fc1 = nn.Linear(in_dim, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, hidden // 2)
        self.out = nn.Linear(hidden // 2, 1)

    def forward(self, x):
        x = self.fc1(x)
        F.relu(x)
        x = self.fc2(x)
        F.relu(x)
        x = self.fc3(x)
        F.relu(x)
        return self.out(x)


def get_data(n, seed):
    X, y = make_friedman1(n_samples=n, n_features=10, noise=0.5, random_state=seed)
    X = torch.tensor(2 * X - 1, dtype=torch.float32)
    y = torch.tensor(y, dtype=torch.float32).unsqueeze(1)
    return X, y


def train_one_epoch(model, loader, optimizer, clip):
    model.train()
    total = 0
    for X, y in loader:
        optimizer.zero_grad()
        loss = F.mse_loss(model(X), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        total += loss.item() * X.size(0)
    return total / len(loader.dataset)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--hidden", type=int, default=80)
    p.add_argument("--epochs", type=int, default=22)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--batch-size", type=int, default=64)
    p.add_argument("--clip", type=float, default=5.0)
    p.add_argument("--seed", type=int, default=5)
    args = p.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    X_train, y_train = get_data(3000, 0)
    X_test, y_test = get_data(800, 1)
    mu, sd = y_train.mean(), y_train.std()

    loader = DataLoader(TensorDataset(X_train, (y_train - mu) / sd), batch_size=args.batch_size, shuffle=True)
    model = Regressor(10, args.hidden)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=args.lr * 2, total_steps=args.epochs)

    for epoch in range(args.epochs):
        loss = train_one_epoch(model, loader, optimizer, args.clip)
        scheduler.step() if epoch < args.epochs - 1 else None
        if epoch % 6 == 0 or epoch == args.epochs - 1:
            print(f"epoch {epoch:3d}  train mse {loss:.4f}")

    model.eval()
    with torch.no_grad():
        pred = model(X_test) * sd + mu
    print(f"test R2: {r2_score(y_test.numpy(), pred.numpy()):.4f}")


if __name__ == "__main__":
    main()
