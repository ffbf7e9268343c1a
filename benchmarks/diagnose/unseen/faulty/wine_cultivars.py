# Wine cultivar classification: small tanh network, as in the lab handout
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

torch.set_num_threads(1)
torch.manual_seed(0)

EPOCHS = 150
BATCH = 32

data = load_wine()
X_train, X_test, y_train, y_test = train_test_split(
    data.data, data.target, test_size=0.3, stratify=data.target, random_state=1)

X_train = torch.tensor(X_train, dtype=torch.float32)
X_test = torch.tensor(X_test, dtype=torch.float32)
y_train = torch.tensor(y_train)
y_test = torch.tensor(y_test)

train_dl = DataLoader(TensorDataset(X_train, y_train), batch_size=BATCH, shuffle=True)


class WineNet(nn.Module):
    def __init__(self, n_in=13, hidden=48, n_classes=3):
        super().__init__()
        self.fc1 = nn.Linear(n_in, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, n_classes)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.out(x)


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(dim=1) == y).float().mean().item()


net = WineNet()
loss_fn = nn.CrossEntropyLoss()
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
sched = torch.optim.lr_scheduler.StepLR(opt, step_size=60, gamma=0.3)

for epoch in range(EPOCHS):
    net.train()
    running = 0.0
    for xb, yb in train_dl:
        opt.zero_grad()
        loss = loss_fn(net(xb), yb)
        loss.backward()
        opt.step()
        running += loss.item()
    sched.step()
    if (epoch + 1) % 25 == 0:
        print(f"[{epoch+1:3d}/{EPOCHS}] loss={running/len(train_dl):.4f} "
              f"train={accuracy(net, X_train, y_train):.3f}")

print(f"test accuracy: {accuracy(net, X_test, y_test):.3f}")
