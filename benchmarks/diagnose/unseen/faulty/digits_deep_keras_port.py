"""PyTorch port of an old Keras 'stacked layers' notebook on the 8x8 digits."""
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

CONFIG = {
    "layers": [64, 64, 64, 64, 48, 48, 32],
    "activation": "sigmoid",
    "lr": 0.05,
    "momentum": 0.9,
    "epochs": 30,
    "batch": 64,
}
ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}


class Model:
    """Tiny Keras-like wrapper."""

    def __init__(self, n_in, n_out, cfg):
        act = ACTIVATIONS[cfg["activation"]]
        mods, width = [], n_in
        for units in cfg["layers"]:
            dense = nn.Linear(width, units)
            nn.init.xavier_uniform_(dense.weight)
            nn.init.zeros_(dense.bias)
            mods += [dense, act()]
            width = units
        mods.append(nn.Linear(width, n_out))
        self.net = nn.Sequential(*mods)

    def compile(self, lr, momentum):
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=lr, momentum=momentum, nesterov=True)
        self.loss = nn.CrossEntropyLoss()

    def fit(self, x, y, epochs, batch, validation_data):
        for epoch in range(epochs):
            self.net.train()
            total = 0.0
            for idx in torch.randperm(len(x)).split(batch):
                self.optimizer.zero_grad()
                loss = self.loss(self.net(x[idx]), y[idx])
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(idx)
            if epoch % 5 == 4:
                print(f"Epoch {epoch + 1}/{epochs} - loss: {total / len(x):.4f} "
                      f"- val_acc: {self.evaluate(*validation_data):.4f}")

    @torch.no_grad()
    def evaluate(self, x, y):
        self.net.eval()
        return (self.net(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(1234)
    X, y = load_digits(return_X_y=True)
    x_tr, x_te, y_tr, y_te = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
    sc = StandardScaler().fit(x_tr)
    x_tr, x_te = (torch.tensor(sc.transform(a), dtype=torch.float32) for a in (x_tr, x_te))
    y_tr, y_te = torch.tensor(y_tr), torch.tensor(y_te)
    model = Model(64, 10, CONFIG)
    model.compile(CONFIG["lr"], CONFIG["momentum"])
    model.fit(x_tr, y_tr, CONFIG["epochs"], CONFIG["batch"], (x_te, y_te))
    print("test accuracy", round(model.evaluate(x_te, y_te), 4))


if __name__ == "__main__":
    main()
