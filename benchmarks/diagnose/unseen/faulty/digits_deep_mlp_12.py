"""Course assignment 3: how deep can an MLP on the 8x8 digits be?"""
import argparse
import os
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--hidden", type=int, default=64)
parser.add_argument("--depth", type=int, default=7)
parser.add_argument("--epochs", type=int, default=40)
parser.add_argument("--batch-size", type=int, default=50)
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()

torch.set_num_threads(1)
torch.manual_seed(args.seed)


class DeepMLP(nn.Module):
    def __init__(self, n_in, hidden, depth, n_out, activation):
        super().__init__()
        sizes = [n_in] + [hidden] * depth
        self.layers = nn.ModuleList(
            [nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:])])
        self.act = activation()
        self.head = nn.Linear(hidden, n_out)
        for layer in self.layers:
            if activation is nn.Sigmoid:
                nn.init.xavier_uniform_(layer.weight)
            else:
                nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.layers:
            x = self.act(layer(x))
        return self.head(x)


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(dim=1) == y).float().mean().item()


digits = load_digits()
x = torch.tensor(digits.data / 16.0, dtype=torch.float32)
x = (x - x.mean()) / x.std()
y = torch.tensor(digits.target)
train_idx, test_idx = train_test_split(range(len(y)), test_size=0.25, random_state=args.seed)
x_train, y_train = x[train_idx], y[train_idx]
x_test, y_test = x[test_idx], y[test_idx]

net = DeepMLP(64, args.hidden, args.depth, 10, nn.Sigmoid)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=15, gamma=0.5)

for epoch in range(1, args.epochs + 1):
    net.train()
    total = 0.0
    for batch in torch.randperm(len(x_train)).split(args.batch_size):
        optimizer.zero_grad()
        loss = loss_fn(net(x_train[batch]), y_train[batch])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    scheduler.step()
    if epoch % 10 == 0:
        print(f"epoch {epoch:3d} loss {total / len(x_train):.4f} "
              f"train acc {accuracy(net, x_train, y_train):.3f}")

print(f"final test accuracy: {accuracy(net, x_test, y_test):.4f}")
