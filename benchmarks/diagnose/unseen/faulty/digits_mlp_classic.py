import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(0)


class MLP(nn.Module):
    def __init__(self, sizes=(64, 64, 32, 10)):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(i, o) for i, o in zip(sizes, sizes[1:])])
        for layer in self.layers:
            nn.init.constant_(layer.weight, 0.05)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.nn.functional.silu(layer(x))
        return self.layers[-1](x)


digits = load_digits()
X_train, X_test, y_train, y_test = train_test_split(digits.data / 16.0, digits.target, test_size=0.25, random_state=4)
X_train = torch.tensor(X_train, dtype=torch.float32)
X_test = torch.tensor(X_test, dtype=torch.float32)
y_train, y_test = torch.tensor(y_train), torch.tensor(y_test)

mlp = MLP()
optimizer = torch.optim.Adam(mlp.parameters(), lr=5e-3)
for epoch in range(15):
    perm = torch.randperm(X_train.size(0))
    for start in range(0, len(perm), 64):
        sel = perm[start:start + 64]
        loss = nn.functional.cross_entropy(mlp(X_train[sel]), y_train[sel])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 3 == 0:
        print(f"[{epoch}] {loss.item():.4f}")

mlp.eval()
with torch.no_grad():
    print("test accuracy", (mlp(X_test).argmax(1) == y_test).float().mean().item())
