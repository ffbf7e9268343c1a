import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split
from sklearn.datasets import load_digits


class DigitsClassifier(nn.Module):
    def __init__(self, hidden=64, classes=10):
        super().__init__()
        self.features = nn.Sequential(
            nn.Linear(64, hidden), nn.Tanh(),
            nn.Linear(hidden, hidden), nn.Tanh(),
            nn.Linear(hidden, hidden), nn.Tanh())
        self.classifier = nn.Linear(hidden, classes)
        self.apply(self._init_weights)

    @staticmethod
    def _init_weights(module):
        if isinstance(module, nn.Linear):
            nn.init.uniform_(module.weight)
            nn.init.zeros_(module.bias)

    def forward(self, x):
        return self.classifier(self.features(x))


class Trainer:
    def __init__(self, model, train_loader, val_loader, lr=0.05, max_epochs=20):
        self.model = model
        self.train_loader, self.val_loader = train_loader, val_loader
        self.max_epochs = max_epochs
        self.optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, nesterov=True)
        self.scheduler = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, max_lr=lr, total_steps=max_epochs * len(train_loader))
        self.criterion = nn.CrossEntropyLoss()

    def train_epoch(self):
        self.model.train()
        total = 0.0
        for x, y in self.train_loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            self.scheduler.step()
            total += loss.item()
        return total / len(self.train_loader)

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        hit = sum((self.model(x).argmax(1) == y).sum().item() for x, y in self.val_loader)
        return hit / len(self.val_loader.dataset)

    def fit(self):
        for epoch in range(self.max_epochs):
            loss = self.train_epoch()
            acc = self.validate()
            print(f"epoch {epoch:2d} | loss {loss:.4f} | val_acc {acc:.4f}")
        return acc


if __name__ == "__main__":
    torch.manual_seed(42)
    bunch = load_digits()
    x = torch.tensor(bunch.data, dtype=torch.float32) / 16.0
    ds = TensorDataset(x, torch.tensor(bunch.target))
    train_ds, val_ds = random_split(ds, [1400, len(ds) - 1400])
    trainer = Trainer(DigitsClassifier(),
                      DataLoader(train_ds, batch_size=32, shuffle=True),
                      DataLoader(val_ds, batch_size=128))
    print(f"final_val_acc {trainer.fit():.4f}")
