"""How much does depth help on the 8x8 digits? Configurable fully connected classifier."""
from dataclasses import dataclass

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    depth: int = 8
    width: int = 96
    lr: float = 1e-3
    weight_decay: float = 1e-5
    batch_size: int = 64
    epochs: int = 12
    seed: int = 42


class DeepMLP(nn.Module):
    def __init__(self, in_features, width, depth, num_classes):
        super().__init__()
        layers = []
        for i in range(depth):
            layers.append(nn.Linear(in_features if i == 0 else width, width))
            layers.append(nn.Sigmoid())
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(width, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.head(self.body(x))


class Trainer:
    def __init__(self, cfg):
        self.cfg = cfg
        torch.manual_seed(cfg.seed)
        X, y = load_digits(return_X_y=True)
        Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.25, random_state=cfg.seed, stratify=y)
        scaler = StandardScaler().fit(Xtr)
        to_ds = lambda a, b: TensorDataset(torch.tensor(scaler.transform(a), dtype=torch.float32), torch.tensor(b))
        self.train_dl = DataLoader(to_ds(Xtr, ytr), cfg.batch_size, shuffle=True)
        self.val_dl = DataLoader(to_ds(Xte, yte), 256)
        self.model = DeepMLP(X.shape[1], cfg.width, cfg.depth, 10)
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), lr=cfg.lr * 50, momentum=0.9, weight_decay=cfg.weight_decay)

    def fit(self):
        for epoch in range(self.cfg.epochs):
            self.model.train()
            losses = []
            for xb, yb in self.train_dl:
                loss = self.criterion(self.model(xb), yb)
                self.optimizer.zero_grad(set_to_none=True)
                loss.backward()
                self.optimizer.step()
                losses.append(loss.item())
            if epoch % 3 == 2:
                print(f"epoch {epoch + 1:2d} | train loss {sum(losses) / len(losses):.4f} | val acc {self.validate():.4f}")

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        correct = sum((self.model(x).argmax(-1) == y).sum().item() for x, y in self.val_dl)
        return correct / len(self.val_dl.dataset)


if __name__ == "__main__":
    torch.set_num_threads(1)
    trainer = Trainer(Config())
    trainer.fit()
    print("validation accuracy:", round(trainer.validate(), 4))
