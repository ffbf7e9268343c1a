"""Tabular classifier with a tiny Lightning-style trainer: concentric shells in 6 dimensions."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_gaussian_quantiles
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))


class TabularModule(nn.Module):
    def __init__(self, n_features, n_classes, width=64, dropout=0.05):
        super().__init__()
        self.fc_in = nn.Linear(n_features, width)
        self.fc_mid = nn.Linear(width, width)
        self.fc_out = nn.Linear(width, n_classes)
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        h = self.fc_in(x)
        F.relu(h)
        h = self.drop(h)
        h = self.fc_mid(h)
        F.relu(h)
        return self.fc_out(h)

    def training_step(self, batch):
        x, y = batch
        return F.cross_entropy(self(x), y)

    def validation_step(self, batch):
        x, y = batch
        logits = self(x)
        return F.cross_entropy(logits, y, reduction="sum").item(), (logits.argmax(1) == y).sum().item()

    def configure_optimizers(self):
        opt = torch.optim.AdamW(self.parameters(), lr=2e-3, weight_decay=1e-2)
        return opt, torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=15)


class Trainer:
    def __init__(self, max_epochs=15):
        self.max_epochs = max_epochs

    def fit(self, module, train_loader, val_loader):
        opt, sched = module.configure_optimizers()
        for epoch in range(self.max_epochs):
            module.train()
            for batch in train_loader:
                loss = module.training_step(batch)
                opt.zero_grad(set_to_none=True)
                loss.backward()
                opt.step()
            sched.step()
            if epoch % 5 == 4:
                vloss, vacc = self.validate(module, val_loader)
                print(f"[epoch {epoch + 1}] val_loss={vloss:.4f} val_acc={vacc:.4f}")

    @torch.no_grad()
    def validate(self, module, loader):
        module.eval()
        stats = [module.validation_step(b) for b in loader]
        n = len(loader.dataset)
        return sum(s[0] for s in stats) / n, sum(s[1] for s in stats) / n


if __name__ == "__main__":
    torch.manual_seed(SEED)
    X, y = make_gaussian_quantiles(n_samples=4000, n_features=6, n_classes=3, random_state=SEED)
    data = TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y))
    train_set, val_set = random_split(data, [3200, 800])
    module = TabularModule(6, 3)
    trainer = Trainer(max_epochs=15)
    trainer.fit(module, DataLoader(train_set, 64, shuffle=True), DataLoader(val_set, 400))
    print(f"val accuracy: {trainer.validate(module, DataLoader(val_set, 400))[1]:.4f}")
