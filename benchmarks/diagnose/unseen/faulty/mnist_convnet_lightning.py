import argparse, gzip, os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)


class LitModule(nn.Module):
    def configure_optimizers(self):
        raise NotImplementedError

    def training_step(self, batch, idx):
        raise NotImplementedError

    def validation_step(self, batch):
        raise NotImplementedError


class LitTrainer:
    def __init__(self, max_epochs, log_every=40):
        self.max_epochs = max_epochs
        self.log_every = log_every

    def fit(self, module, train_loader, val_loader):
        opt, sched = module.configure_optimizers(len(train_loader) * self.max_epochs)
        for epoch in range(self.max_epochs):
            module.train()
            for i, batch in enumerate(train_loader):
                loss = module.training_step(batch, i)
                opt.zero_grad(set_to_none=True)
                loss.backward()
                opt.step()
                sched.step()
                if i % self.log_every == 0:
                    print(f"epoch {epoch} it {i} loss {loss.item():.4f}")
            module.eval()
            with torch.no_grad():
                outs = [module.validation_step(b) for b in val_loader]
            val = sum(o[0] for o in outs) / sum(o[1] for o in outs)
            print(f"epoch {epoch} val_acc {val:.4f}")
        return val


class ConvClassifier(LitModule):
    def __init__(self, hp):
        super().__init__()
        self.hp = hp
        self.body = nn.Sequential(
            nn.Conv2d(1, hp.width, 5, stride=2, padding=2), nn.ReLU(),
            nn.Conv2d(hp.width, 2 * hp.width, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(2 * hp.width, 2 * hp.width, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(),
        )
        self.fc = nn.Linear(2 * hp.width * 16, 64)
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        return self.head(F.relu(self.fc(self.body(x))))

    def training_step(self, batch, idx):
        x, y = batch
        return F.cross_entropy(self(x), y)

    def validation_step(self, batch):
        x, y = batch
        return (self(x).argmax(1) == y).sum().item(), len(y)

    def configure_optimizers(self, steps):
        opt = torch.optim.AdamW(self.parameters(), lr=self.hp.lr, weight_decay=self.hp.wd)
        return opt, torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)


def read_idx(name):
    root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
    with gzip.open(os.path.join(root, name)) as f:
        raw = f.read()
    nd = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * i:8 + 4 * i], "big") for i in range(nd)]
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=4 + 4 * nd).reshape(shape).copy())


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=3)
    ap.add_argument("--batch-size", type=int, default=64)
    ap.add_argument("--lr", type=float, default=0.2)
    ap.add_argument("--wd", type=float, default=1e-4)
    ap.add_argument("--width", type=int, default=12)
    hp = ap.parse_args()
    torch.manual_seed(0)
    xtr = read_idx("train-images-idx3-ubyte.gz")[:8000].unsqueeze(1).float() / 255.0
    ytr = read_idx("train-labels-idx1-ubyte.gz")[:8000].long()
    xte = read_idx("t10k-images-idx3-ubyte.gz")[:2000].unsqueeze(1).float() / 255.0
    yte = read_idx("t10k-labels-idx1-ubyte.gz")[:2000].long()
    xtr, xte = (xtr - 0.1307) / 0.3081, (xte - 0.1307) / 0.3081
    tl = DataLoader(TensorDataset(xtr, ytr), hp.batch_size, shuffle=True)
    vl = DataLoader(TensorDataset(xte, yte), 500)
    acc = LitTrainer(hp.epochs).fit(ConvClassifier(hp), tl, vl)
    print(f"final_metric accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
