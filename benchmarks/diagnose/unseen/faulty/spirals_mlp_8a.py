# Three-arm spiral classification, CS231n style but in PyTorch.
import numpy as np
import torch
import torch.nn as nn

np.random.seed(0)
torch.manual_seed(0)

N, K = 300, 3  # points per class, classes
X = np.zeros((N * K, 2))
y = np.zeros(N * K, dtype="int64")
for j in range(K):
    ix = range(N * j, N * (j + 1))
    r = np.linspace(0.05, 1, N)
    t = np.linspace(j * 4, (j + 1) * 4, N) + np.random.randn(N) * 0.15
    X[ix] = np.c_[r * np.sin(t), r * np.cos(t)]
    y[ix] = j

perm = np.random.permutation(len(X))
X, y = X[perm], y[perm]
n_train = 700
X_train = torch.tensor(X[:n_train] / X.std(), dtype=torch.float32)
y_train = torch.tensor(y[:n_train])
X_val = torch.tensor(X[n_train:] / X.std(), dtype=torch.float32)
y_val = torch.tensor(y[n_train:])


def fc_block(n_in, n_out):
    return nn.Sequential(
        nn.Linear(n_in, n_out),
        nn.BatchNorm1d(n_out),
        nn.LeakyReLU(True),
    )


class SpiralNet(nn.Module):
    def __init__(self, hidden=(64, 64, 32), n_classes=K):
        super().__init__()
        sizes = [2, *hidden]
        self.features = nn.Sequential(*[fc_block(a, b) for a, b in zip(sizes, sizes[1:])])
        self.classifier = nn.Linear(sizes[-1], n_classes)

    def forward(self, x):
        return self.classifier(self.features(x))


model = SpiralNet()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=40, gamma=0.5)
criterion = nn.CrossEntropyLoss()


def evaluate():
    model.eval()
    with torch.no_grad():
        out = model(X_val)
        return criterion(out, y_val).item(), (out.argmax(1) == y_val).float().mean().item()


best = 0.0
for epoch in range(100):
    model.train()
    idx = torch.randperm(n_train)
    epoch_loss = 0.0
    for i in range(0, n_train, 70):
        b = idx[i : i + 70]
        loss = criterion(model(X_train[b]), y_train[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() / 10
    scheduler.step()
    if (epoch + 1) % 20 == 0:
        vl, va = evaluate()
        best = max(best, va)
        print(f"epoch {epoch + 1:3d}: train loss {epoch_loss:.4f}  val loss {vl:.4f}  val acc {va:.3f}")

print(f"best val acc {best:.3f}")
