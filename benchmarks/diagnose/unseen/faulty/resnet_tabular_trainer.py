import math
import numpy as np
import torch
from torch import nn
from sklearn.datasets import make_friedman1


class ResBlock(nn.Module):
    """x + W2 relu(W1 x), He initialised."""

    def __init__(self, dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, dim)
        self.fc2 = nn.Linear(dim, dim)
        for fc in (self.fc1, self.fc2):
            nn.init.kaiming_normal_(fc.weight, nonlinearity="relu")
            nn.init.zeros_(fc.bias)

    def forward(self, x):
        return x + self.fc2(torch.relu(self.fc1(x)))


class TabularResNet(nn.Module):
    def __init__(self, n_features, dim=48, n_blocks=20):
        super().__init__()
        self.embed = nn.Linear(n_features, dim)
        self.blocks = nn.Sequential(*[ResBlock(dim) for _ in range(n_blocks)])
        self.head = nn.Linear(dim, 1)

    def forward(self, x):
        return self.head(torch.relu(self.blocks(self.embed(x)))).squeeze(-1)


class Trainer:
    def __init__(self, model, lr, batch_size, max_steps):
        self.model = model
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.bs = batch_size
        self.max_steps = max_steps
        self.history = []

    def fit(self, x, y):
        self.model.train()
        for step in range(1, self.max_steps + 1):
            idx = torch.randint(0, len(x), (self.bs,))
            self.opt.zero_grad()
            loss = nn.functional.mse_loss(self.model(x[idx]), y[idx])
            loss.backward()
            self.opt.step()
            self.history.append(loss.item())
            if step % 40 == 0:
                print(f"step {step}: mse {np.mean(self.history[-40:]):.5g}")
        return self

    @torch.no_grad()
    def score(self, x, y):
        self.model.eval()
        resid = y - self.model(x)
        return (1 - resid.pow(2).sum() / (y - y.mean()).pow(2).sum()).item()


def main():
    torch.set_num_threads(1)
    torch.manual_seed(11)
    X, y = make_friedman1(n_samples=2400, n_features=10, noise=0.5, random_state=11)
    X = (X - X.mean(0)) / X.std(0)
    y = (y - y.mean()) / y.std()
    X = torch.tensor(X, dtype=torch.float32)
    y = torch.tensor(y, dtype=torch.float32)
    trainer = Trainer(TabularResNet(X.shape[1]), lr=1e-3, batch_size=64, max_steps=240)
    trainer.fit(X[:2000], y[:2000])
    print("R2 on the hold-out rows: %.4f" % trainer.score(X[2000:], y[2000:]))


if __name__ == "__main__":
    main()
