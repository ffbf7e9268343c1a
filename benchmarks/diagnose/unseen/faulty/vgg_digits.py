"""VGG-ish ConvNet for 8x8 digits (course homework 2, problem 3)."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

cfg = {
    "vgg": [16, 16, "M", 32, 32, "M", 64, 64],
    "hidden": 64,
    "classes": 10,
    "lr": 0.02,
    "epochs": 8,
    "batch": 32,
    "seed": 231,
}


class VGG(nn.Module):
    def __init__(self, layout, hidden, classes):
        super().__init__()
        layers, c = [], 1
        for v in layout:
            if v == "M":
                layers.append(nn.MaxPool2d(2))
            else:
                layers += [nn.Conv2d(c, v, 3, padding=1), nn.ReLU()]
                c = v
        self.features = nn.Sequential(*layers)
        self.fc1 = nn.Linear(c * 4, hidden)
        self.fc2 = nn.Linear(hidden, classes)
        self._initialize_weights()

    def _initialize_weights(self):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.normal_(m.weight, 0, 0.01)
                nn.init.zeros_(m.bias)
            elif isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, 0, 0.01)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        x = self.features(x).flatten(1)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


def get_data():
    digits = load_digits()
    X = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1)
    X = (X - X.mean()) / X.std()
    y = torch.tensor(digits.target, dtype=torch.long)
    g = torch.Generator().manual_seed(0)
    p = torch.randperm(len(X), generator=g)
    tr, va = p[:1400], p[1400:]
    return X[tr], y[tr], X[va], y[va]


def check_accuracy(model, X, y):
    model.eval()
    with torch.no_grad():
        scores = model(X)
        return (scores.argmax(1) == y).float().mean().item(), F.cross_entropy(scores, y).item()


def train():
    torch.manual_seed(cfg["seed"])
    X, y, Xv, yv = get_data()
    model = VGG(cfg["vgg"], cfg["hidden"], cfg["classes"])
    optimizer = torch.optim.SGD(model.parameters(), lr=cfg["lr"], momentum=0.9, nesterov=True)
    t = 0
    for e in range(cfg["epochs"]):
        model.train()
        for idx in torch.randperm(len(X)).split(cfg["batch"]):
            scores = model(X[idx])
            loss = F.cross_entropy(scores, y[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if t % 80 == 0:
                print("Iteration %d, loss = %.4f" % (t, loss.item()))
            t += 1
        acc, vloss = check_accuracy(model, Xv, yv)
        print("Epoch %d: val acc %.2f%%, val loss %.4f" % (e, 100 * acc, vloss))


if __name__ == "__main__":
    train()
