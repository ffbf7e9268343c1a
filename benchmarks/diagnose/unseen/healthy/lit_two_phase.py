# pretrain on digits 0-4, then head-only and full fine-tuning on 5-9
import logging
import warnings

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
import lightning as L
from sklearn.datasets import load_digits

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
L.seed_everything(23, verbose=False)


class LitNet(L.LightningModule):
    def __init__(self, lr, warmup, unfreeze_at=0):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
        self.head = nn.Linear(32, 5)
        self.lr, self.warmup, self.unfreeze_at = lr, warmup, unfreeze_at
        self.losses = []

    def forward(self, x):
        return self.head(self.backbone(x))

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = nn.functional.cross_entropy(self(x), y, label_smoothing=0.05)
        self.losses.append(loss.item())
        return loss

    def on_train_epoch_start(self):
        self.backbone.requires_grad_(self.current_epoch >= self.unfreeze_at)

    def on_train_epoch_end(self):
        if self.current_epoch % 4 == 3:
            lr = self.optimizers().param_groups[0]["lr"]
            print(f"  epoch {self.current_epoch + 1} loss {sum(self.losses[-14:]) / 14:.4f} lr {lr:.5f}")

    def configure_optimizers(self):
        opt = torch.optim.AdamW(self.parameters(), lr=self.lr, weight_decay=0.05)
        sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, s / self.warmup))
        return {"optimizer": opt, "lr_scheduler": {"scheduler": sched, "interval": "step"}}


def make_loaders(mask, shift):
    xs = torch.tensor(d.data[mask], dtype=torch.float32) / 16.0
    ys = torch.tensor(d.target[mask] - shift)
    cut = int(0.75 * len(ys))
    return DataLoader(TensorDataset(xs[:cut], ys[:cut]), batch_size=48, shuffle=True), xs[cut:], ys[cut:]


def fit(model, loader, epochs):
    trainer = L.Trainer(max_epochs=epochs, accelerator="cpu", logger=False, enable_progress_bar=False,
                        enable_checkpointing=False, enable_model_summary=False, gradient_clip_val=1.0)
    trainer.fit(model, loader)


def score(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


d = load_digits()
low, x_low, y_low = make_loaders(d.target < 5, 0)
high, x_high, y_high = make_loaders(d.target >= 5, 5)

pre = LitNet(lr=3e-3, warmup=40)
fit(pre, low, 8)
print("source acc", round(score(pre, x_low, y_low), 4))

tuned = LitNet(lr=2e-3, warmup=60, unfreeze_at=4)
tuned.backbone.load_state_dict(pre.backbone.state_dict())
fit(tuned, high, 12)
majority = max((y_high == c).float().mean().item() for c in range(5))
print("target acc", round(score(tuned, x_high, y_high), 4), "majority", round(majority, 4))
