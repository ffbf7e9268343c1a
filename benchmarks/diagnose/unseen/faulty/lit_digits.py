import logging
import warnings

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
import lightning as L
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
L.seed_everything(17, verbose=False)


class LitDigits(L.LightningModule):
    def __init__(self, hidden=64, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Linear(64, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 10),
            nn.Softmax(dim=1),
        )
        self.criterion = nn.CrossEntropyLoss()
        self.train_losses = []
        self.val_stats = []

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = self.criterion(self(x), y)
        self.train_losses.append(loss.item())
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        out = self(x)
        acc = (out.argmax(dim=1) == y).float().mean()
        self.val_stats.append((self.criterion(out, y).item(), acc.item()))

    def on_validation_epoch_end(self):
        if self.trainer.sanity_checking:
            return
        if self.current_epoch % 3 == 0:
            recent = self.train_losses[-20:]
            print(f"epoch {self.current_epoch:2d} train loss {sum(recent) / max(1, len(recent)):.4f} "
                  f"val loss {self.val_stats[-1][0]:.4f} val acc {self.val_stats[-1][1]:.4f}")

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


digits = load_digits()
x = torch.tensor(digits.data, dtype=torch.float32) / 16.0
y = torch.tensor(digits.target, dtype=torch.long)
idx_tr, idx_va = train_test_split(range(len(y)), test_size=0.25, random_state=17, stratify=y)
train_loader = DataLoader(TensorDataset(x[idx_tr], y[idx_tr]), batch_size=64, shuffle=True)
val_loader = DataLoader(TensorDataset(x[idx_va], y[idx_va]), batch_size=512)

model = LitDigits()
trainer = L.Trainer(
    max_epochs=15,
    accelerator="cpu",
    enable_progress_bar=False,
    enable_model_summary=False,
    enable_checkpointing=False,
    logger=False,
    num_sanity_val_steps=0,
)
trainer.fit(model, train_loader, val_loader)

model.eval()
with torch.no_grad():
    pred = model(x[idx_va]).argmax(1)
print("final val acc", round((pred == y[idx_va]).float().mean().item(), 4))
