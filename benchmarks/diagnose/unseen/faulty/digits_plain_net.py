import torch
import torch.nn as nn
from sklearn.datasets import load_digits


class DeepSelu(nn.Module):
    def __init__(self, n_in, n_out, width=64, depth=20):
        super().__init__()
        self.inp = nn.Linear(n_in, width)
        self.mid = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
        self.out = nn.Linear(width, n_out)

    def forward(self, x):
        x = torch.selu(self.inp(x))
        for layer in self.mid:
            x = torch.selu(layer(x))
        return self.out(x)


torch.manual_seed(0)
digits = load_digits()
X = torch.tensor(digits.data, dtype=torch.float32)
X = (X - X.mean(0)) / (X.std(0) + 1e-3)
y = torch.tensor(digits.target)
perm = torch.randperm(len(X))
tr, te = perm[:1400], perm[1400:]

model = DeepSelu(64, 10)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
for epoch in range(8):
    for b in tr[torch.randperm(len(tr))].split(50):
        loss = nn.functional.cross_entropy(model(X[b]), y[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    print("test accuracy", (model(X[te]).argmax(1) == y[te]).float().mean().item())
