"""Workshop notebook exported to a script: two-spiral classification with an MLP."""
import math
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(11)
torch.set_num_threads(1)


def spirals(n_per_class=700, noise=0.06):
    xs, ys = [], []
    for c in range(2):
        t = torch.sqrt(torch.rand(n_per_class)) * 1.5 * 2 * math.pi
        sign = 1.0 if c == 0 else -1.0
        pts = torch.stack([sign * t * torch.cos(t), sign * t * torch.sin(t)], 1) / 6
        xs.append(pts + noise * torch.randn_like(pts))
        ys.append(torch.full((n_per_class,), float(c)))
    return torch.cat(xs), torch.cat(ys)


def make_mlp(sizes, dropout=0.0):
    layers = []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        layers.append(nn.Linear(n_in, n_out))
        if dropout > 0:
            layers += [nn.LeakyReLU(0.1), nn.Dropout(dropout)]
    if dropout > 0:
        layers = layers[:-2]
    return nn.Sequential(*layers)


x, y = spirals()
full = TensorDataset(x, y)
train_set, test_set = random_split(full, [1100, 300], generator=torch.Generator().manual_seed(1))
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
test_loader = DataLoader(test_set, batch_size=300)

model = make_mlp([2, 64, 64, 64, 1])
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[30, 45], gamma=0.3)


def evaluate():
    model.eval()
    ok = n = 0
    with torch.no_grad():
        for xb, yb in test_loader:
            pred = (model(xb).squeeze(1) > 0).float()
            ok += (pred == yb).sum().item()
            n += len(yb)
    return ok / n


for epoch in range(1, 56):
    model.train()
    total = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb).squeeze(1), yb)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(yb)
    scheduler.step()
    if epoch % 10 == 0:
        print(f"epoch {epoch}: loss {total / len(train_set):.4f}, test acc {evaluate():.3f}")

print(f"accuracy on held-out points: {evaluate():.3f}")
