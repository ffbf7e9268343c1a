import torch
import torch.nn as nn
from sklearn.datasets import load_digits


class CodeAE(nn.Module):
    def __init__(self, bits=24):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, bits), nn.Sigmoid())
        self.decoder = nn.Sequential(nn.Linear(bits, 128), nn.ReLU(), nn.Linear(128, 64))

    def forward(self, x):
        code = torch.round(self.encoder(x))
        return self.decoder(code)


torch.manual_seed(0)
X = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
X = X[torch.randperm(len(X))]
train_x, test_x = X[:1500], X[1500:]

model = CodeAE()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(20):
    total, count = 0.0, 0
    for xb in train_x[torch.randperm(len(train_x))].split(64):
        opt.zero_grad()
        loss = nn.functional.mse_loss(model(xb), xb)
        loss.backward()
        opt.step()
        total += loss.item() * len(xb)
        count += len(xb)
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1} mse {total / count:.5f}")

model.eval()
with torch.no_grad():
    print("test reconstruction mse", nn.functional.mse_loss(model(test_x), test_x).item())
