"""Residual network with batch norm on sklearn digits."""
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1234)
torch.set_num_threads(1)


class ResidualBlock(nn.Module):
    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(cin, cout, 3, stride, 1, bias=False),
            nn.BatchNorm2d(cout),
            nn.ReLU(inplace=True),
            nn.Conv2d(cout, cout, 3, 1, 1, bias=False),
            nn.BatchNorm2d(cout),
        )
        self.short = nn.Identity()
        if stride != 1 or cin != cout:
            self.short = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(self.main(x) + self.short(x))


class SmallResNet(nn.Module):
    def __init__(self, n_classes=10):
        super().__init__()
        self.layers = nn.Sequential(
            ResidualBlock(1, 12),
            ResidualBlock(12, 24, stride=2),
            ResidualBlock(24, 24),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(24, n_classes)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        x = self.pool(self.layers(x)).flatten(1)
        return self.softmax(self.fc(x))


def build_loaders(batch_size=64):
    d = load_digits()
    x = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16.0
    y = torch.tensor(d.target)
    tr, te = train_test_split(range(len(y)), test_size=0.3, random_state=0, stratify=d.target)
    return (DataLoader(TensorDataset(x[tr], y[tr]), batch_size, shuffle=True),
            DataLoader(TensorDataset(x[te], y[te]), 256))


def evaluate(model, loader, criterion):
    model.eval()
    loss, acc, n = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            out = model(x)
            loss += criterion(out, y).item() * len(y)
            acc += (out.argmax(1) == y).sum().item()
            n += len(y)
    return loss / n, acc / n


train_loader, test_loader = build_loaders()
model = SmallResNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
EPOCHS = 6
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)

for epoch in range(EPOCHS):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    scheduler.step()
    val_loss, val_acc = evaluate(model, test_loader, criterion)
    print(f"epoch {epoch + 1}/{EPOCHS}  batch loss {loss.item():.4f}  val loss {val_loss:.4f}  val acc {val_acc:.4f}")

print("Test accuracy: {:.2%}".format(val_acc))
