from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import roc_auc_score
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    seed: int = 11
    n_rows: int = 6000
    hidden: int = 48
    lr: float = 3e-3
    epochs: int = 20
    batch_size: int = 128


cfg = Config()
torch.manual_seed(cfg.seed)
rng = np.random.RandomState(cfg.seed)

age = rng.uniform(20, 70, cfg.n_rows)
income = rng.lognormal(10.6, 0.5, cfg.n_rows)
loan = rng.lognormal(9.4, 0.7, cfg.n_rows)
months = rng.randint(6, 84, cfg.n_rows)
score = rng.normal(650, 70, cfg.n_rows)
balance = rng.lognormal(8, 1.0, cfg.n_rows)
dti = loan / income
logit = (3.0 * (dti - 0.35) - 0.02 * (score - 650) + 1.5 * ((age < 30) & (months > 48))
         - 0.8 * (np.log(balance) - 8) * (dti > 0.3) + 1.2 * np.cos(age / 8))
target = (rng.uniform(size=cfg.n_rows) < 1 / (1 + np.exp(-2 * logit))).astype(np.float32)
features = np.stack([age, income, loan, months, score, balance], axis=1)

split = int(0.8 * cfg.n_rows)
X = torch.from_numpy(features.astype(np.float32))
y = torch.from_numpy(target)
train_dl = DataLoader(TensorDataset(X[:split], y[:split]), batch_size=cfg.batch_size, shuffle=True)


class Scorer(nn.Module):
    def __init__(self, n_in, n_hidden):
        super().__init__()
        self.fc1 = nn.Linear(n_in, n_hidden)
        self.fc2 = nn.Linear(n_hidden, n_hidden)
        self.out = nn.Linear(n_hidden, 1)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.out(x).squeeze(1)


class Trainer:
    def __init__(self, model, cfg):
        self.model = model
        self.cfg = cfg
        self.opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=1e-4)
        self.loss = nn.BCEWithLogitsLoss()

    def fit(self, loader):
        for epoch in range(self.cfg.epochs):
            self.model.train()
            running = []
            for xb, yb in loader:
                loss = self.loss(self.model(xb), yb)
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
                running.append(loss.item())
            print(f"[{epoch + 1}/{self.cfg.epochs}] loss={np.mean(running):.4f} auc={self.auc():.4f}")

    @torch.no_grad()
    def auc(self):
        self.model.eval()
        return roc_auc_score(y[split:].numpy(), self.model(X[split:]).numpy())


trainer = Trainer(Scorer(X.shape[1], cfg.hidden), cfg)
trainer.fit(train_dl)
print("val_auc", round(trainer.auc(), 4))
