"""Self-normalizing network for tabular data: LeCun init, SELU, AlphaDropout."""
import math

import torch
from torch import nn
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

config = {
    "hidden": [96] * 10,
    "dropout": 0.05,
    "lr": 0.02,
    "batch_size": 64,
    "epochs": 14,
    "seed": 99,
}
torch.manual_seed(config["seed"])

X, y = make_classification(
    n_samples=5000, n_features=20, n_informative=10, n_redundant=5, n_classes=4,
    n_clusters_per_class=3, class_sep=1.4, random_state=config["seed"],
)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=1, stratify=y)
scaler = StandardScaler()
X_train, X_test = scaler.fit_transform(X_train), scaler.transform(X_test)
baseline = LogisticRegression(max_iter=500).fit(X_train, y_train).score(X_test, y_test)

xt, yt = torch.tensor(X_train, dtype=torch.float32), torch.tensor(y_train)
xv, yv = torch.tensor(X_test, dtype=torch.float32), torch.tensor(y_test)


def lecun_normal_(linear):
    nn.init.normal_(linear.weight, 0.0, 1.0 / math.sqrt(linear.in_features))
    nn.init.zeros_(linear.bias)
    return linear


layers, prev = [], X_train.shape[1]
for width in config["hidden"]:
    layers += [lecun_normal_(nn.Linear(prev, width)), nn.SELU(), nn.AlphaDropout(config["dropout"])]
    prev = width
layers.append(lecun_normal_(nn.Linear(prev, 4)))
model = nn.Sequential(*layers)

loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=config["lr"], momentum=0.5, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [9, 12], gamma=0.3)


def evaluate():
    model.eval()
    with torch.no_grad():
        out = model(xv)
    return loss_fn(out, yv).item(), (out.argmax(1) == yv).float().mean().item()


for epoch in range(config["epochs"]):
    model.train()
    total = 0.0
    for batch in torch.randperm(len(xt)).split(config["batch_size"]):
        optimizer.zero_grad()
        loss = loss_fn(model(xt[batch]), yt[batch])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    scheduler.step()
    vl, va = evaluate()
    print(f"epoch {epoch + 1:2d}: train {total / len(xt):.4f}  test {vl:.4f}  acc {va:.4f}")

print(f"logistic regression {baseline:.4f}   SNN {va:.4f}")
