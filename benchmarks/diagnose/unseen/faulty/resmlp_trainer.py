"""Residual MLP classifier on flattened digits with a tiny Trainer class."""
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)


class ResBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, dim)
        self.act = nn.LeakyReLU(0.1)
        self.fc2 = nn.Linear(dim, dim)

    def forward(self, x):
        return x + self.fc2(self.act(self.fc1(x)))


class ResMLP(nn.Module):
    def __init__(self, n_in, dim, depth, n_classes):
        super().__init__()
        self.embed = nn.Linear(n_in, dim)
        self.blocks = nn.ModuleList([ResBlock(dim) for _ in range(depth)])
        self.head = nn.Linear(dim, n_classes)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.kaiming_normal_(m.weight, a=0.1, nonlinearity="leaky_relu")
                nn.init.zeros_(m.bias)

    def forward(self, x):
        x = self.embed(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


class Trainer:
    def __init__(self, model, train_dl, val_dl, lr, epochs):
        self.model, self.train_dl, self.val_dl, self.epochs = model, train_dl, val_dl, epochs
        self.opt = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.01)
        self.sched = torch.optim.lr_scheduler.CosineAnnealingLR(self.opt, epochs)
        self.loss_fn = nn.CrossEntropyLoss()

    def _step(self, x, y):
        self.opt.zero_grad()
        loss = self.loss_fn(self.model(x), y)
        loss.backward()
        self.opt.step()
        return loss.item()

    def evaluate(self):
        self.model.eval()
        hit, n = 0, 0
        with torch.no_grad():
            for x, y in self.val_dl:
                hit += (self.model(x).argmax(1) == y).sum().item()
                n += len(y)
        return hit / n

    def train(self):
        for ep in range(self.epochs):
            self.model.train()
            losses = [self._step(x, y) for x, y in self.train_dl]
            self.sched.step()
            print(f"epoch {ep}  loss {sum(losses) / len(losses):.4g}  val acc {self.evaluate():.4f}")


def main():
    torch.manual_seed(5)
    X, y = load_digits(return_X_y=True)
    X = (X / 16.0 - 0.305) / 0.376
    a, b, c, d = train_test_split(X, y, test_size=0.3, random_state=5, stratify=y)
    ds = lambda x, t: TensorDataset(torch.tensor(x, dtype=torch.float32), torch.tensor(t))
    train_dl = DataLoader(ds(a, c), batch_size=64, shuffle=True)
    val_dl = DataLoader(ds(b, d), batch_size=512)
    trainer = Trainer(ResMLP(64, 64, 32, 10), train_dl, val_dl, lr=2e-3, epochs=8)
    trainer.train()
    print(f"validation accuracy {trainer.evaluate():.4f}")


if __name__ == "__main__":
    main()
