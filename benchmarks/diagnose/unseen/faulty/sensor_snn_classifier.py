"""Self-normalising network for a tabular sensor problem."""
import os
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

SEED = int(os.environ.get("SEED", 21))


class SNN(nn.Module):
    def __init__(self, n_in, n_out, width=64, depth=12, p=0.05):
        super().__init__()
        layers = []
        for i in range(depth):
            layers += [nn.Linear(n_in if i == 0 else width, width), nn.SELU(), nn.AlphaDropout(p)]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(width, n_out)

    def forward(self, x):
        return self.head(self.body(x))


class Trainer:
    def __init__(self, model, lr=0.01, epochs=25, batch_size=64):
        self.model = model
        self.loss_fn = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        self.epochs = epochs
        self.batch_size = batch_size

    def fit(self, x, y):
        for epoch in range(self.epochs):
            self.model.train()
            total = 0.0
            for idx in torch.randperm(len(x)).split(self.batch_size):
                self.optimizer.zero_grad()
                loss = self.loss_fn(self.model(x[idx]), y[idx])
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(idx)
            if (epoch + 1) % 5 == 0:
                print(f"epoch {epoch + 1:2d}  loss {total / len(x):.4f}  acc {self.score(x, y):.4f}")

    @torch.no_grad()
    def score(self, x, y):
        self.model.eval()
        return (self.model(x).argmax(1) == y).float().mean().item()


def load():
    x, y = make_classification(n_samples=3000, n_features=20, n_informative=8, n_redundant=4,
                               n_classes=4, n_clusters_per_class=2, class_sep=1.6, random_state=4)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.3, random_state=4)
    mu, sd = x_train.mean(0), x_train.std(0)
    as_x = lambda a: torch.tensor((a - mu) / sd, dtype=torch.float32)
    return as_x(x_train), torch.tensor(y_train), as_x(x_test), torch.tensor(y_test)


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    np.random.seed(SEED)
    x_train, y_train, x_test, y_test = load()
    model = SNN(x_train.shape[1], 4)
    trainer = Trainer(model)
    trainer.fit(x_train, y_train)
    print(f"majority class: {torch.bincount(y_test).max().item() / len(y_test):.4f}")
    print(f"final test accuracy: {trainer.score(x_test, y_test):.4f}")
