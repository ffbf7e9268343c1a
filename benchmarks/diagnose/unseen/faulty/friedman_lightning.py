"""Tabular regression with PyTorch Lightning."""
import logging
import warnings

import torch
torch.set_num_threads(1)
import lightning as L
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_friedman1
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class TabularDataModule(L.LightningDataModule):
    def setup(self, stage=None):
        X, y = make_friedman1(n_samples=5000, n_features=10, noise=0.5, random_state=0)
        X = StandardScaler().fit_transform(X)
        y = (y - y.mean()) / y.std()
        X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
        self.train_ds = TensorDataset(X[:4000], y[:4000])
        self.val_ds = TensorDataset(X[4000:], y[4000:])

    def train_dataloader(self):
        return DataLoader(self.train_ds, batch_size=64, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.val_ds, batch_size=500)


class Regressor(L.LightningModule):
    def __init__(self, n_in=10, width=64, dropout=0.05, lr=2e-3):
        super().__init__()
        self.save_hyperparameters()
        self.fc1 = nn.Linear(n_in, width)
        self.fc2 = nn.Linear(width, width)
        self.fc3 = nn.Linear(width, width)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(width, 1)

    def block(self, layer, x):
        h = layer(x)
        F.relu(h)
        return self.drop(h)

    def forward(self, x):
        for layer in (self.fc1, self.fc2, self.fc3):
            x = self.block(layer, x)
        return self.out(x).squeeze(-1)

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.mse_loss(self(x), y)
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        self.log("val_mse", F.mse_loss(self(x), y), on_epoch=True)

    def configure_optimizers(self):
        opt = torch.optim.AdamW(self.parameters(), lr=self.hparams.lr, weight_decay=1e-4)
        sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=self.trainer.max_epochs)
        return {"optimizer": opt, "lr_scheduler": sched}


if __name__ == "__main__":
    L.seed_everything(11, verbose=False)
    dm = TabularDataModule()
    model = Regressor()
    trainer = L.Trainer(max_epochs=8, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
                        enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0)
    trainer.fit(model, datamodule=dm)
    mse = trainer.callback_metrics["val_mse"].item()
    print(f"final r2 {1 - mse / dm.val_ds.tensors[1].var().item():.4f}")
