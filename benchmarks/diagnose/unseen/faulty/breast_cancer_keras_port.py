# Wisconsin breast cancer, port of an old Keras notebook (two tanh layers).
import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

torch.manual_seed(0)

data = load_breast_cancer()
X_train, X_test, y_train, y_test = train_test_split(
    data.data, data.target, test_size=0.25, random_state=7, stratify=data.target
)

X_train = torch.tensor(X_train, dtype=torch.float32)
X_test = torch.tensor(X_test, dtype=torch.float32)
y_train = torch.tensor(y_train, dtype=torch.float32).unsqueeze(1)
y_test = torch.tensor(y_test, dtype=torch.float32).unsqueeze(1)

print("train:", tuple(X_train.shape), "test:", tuple(X_test.shape))


class Net(nn.Module):
    def __init__(self, in_features, units=32):
        super().__init__()
        self.hidden1 = nn.Linear(in_features, units)
        self.act1 = nn.Tanh()
        self.hidden2 = nn.Linear(units, units)
        self.act2 = nn.Tanh()
        self.output = nn.Linear(units, 1)
        for layer in (self.hidden1, self.hidden2, self.output):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = self.act1(self.hidden1(x))
        x = self.act2(self.hidden2(x))
        return self.output(x)


net = Net(X_train.shape[1])
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)

EPOCHS = 60
BATCH = 32
history = {"loss": [], "val_loss": [], "val_acc": []}

for epoch in range(1, EPOCHS + 1):
    net.train()
    order = torch.randperm(len(X_train))
    losses = []
    for start in range(0, len(X_train), BATCH):
        batch = order[start : start + BATCH]
        optimizer.zero_grad()
        loss = loss_fn(net(X_train[batch]), y_train[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    net.eval()
    with torch.no_grad():
        logits = net(X_test)
        val_loss = loss_fn(logits, y_test).item()
        val_acc = ((logits > 0).float() == y_test).float().mean().item()
    history["loss"].append(np.mean(losses))
    history["val_loss"].append(val_loss)
    history["val_acc"].append(val_acc)
    if epoch % 10 == 0:
        print(
            f"Epoch {epoch}/{EPOCHS} - loss: {history['loss'][-1]:.4f}"
            f" - val_loss: {val_loss:.4f} - val_acc: {val_acc:.4f}"
        )

auc = roc_auc_score(y_test.numpy(), torch.sigmoid(logits).numpy())
print(f"final val_loss {history['val_loss'][-1]:.4f} acc {history['val_acc'][-1]:.4f} auc {auc:.4f}")
