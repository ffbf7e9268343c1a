# three-arm spiral, network assembled from a ModuleDict
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(21)

n_per_class = 500
xs, ys = [], []
for c in range(3):
    r = torch.linspace(0.05, 1.0, n_per_class)
    theta = r * 4.5 + c * 2 * math.pi / 3 + 0.15 * torch.randn(n_per_class)
    xs.append(torch.stack([r * torch.cos(theta), r * torch.sin(theta)], dim=1))
    ys.append(torch.full((n_per_class,), c, dtype=torch.long))
X, Y = torch.cat(xs) * 2.0, torch.cat(ys)
perm = torch.randperm(len(X))
X, Y = X[perm], Y[perm]
train_ds = TensorDataset(X[:1200], Y[:1200])
X_val, Y_val = X[1200:], Y[1200:]
loader = DataLoader(train_ds, batch_size=50, shuffle=True)


class BlockNet(nn.Module):
    def __init__(self, hidden=64, n_blocks=3):
        super().__init__()
        blocks = {"stem": nn.Linear(2, hidden)}
        for i in range(n_blocks):
            blocks[f"block{i}"] = nn.Linear(hidden, hidden)
        blocks["head"] = nn.Linear(hidden, 3)
        self.blocks = nn.ModuleDict(blocks)

    def forward(self, x):
        out = None
        for name, block in self.blocks.items():
            out = block(x)
            if name != "head":
                F.relu(out)
            x = out
        return out


model = BlockNet()
print("params", sum(p.numel() for p in model.parameters()))
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-4)
criterion = nn.CrossEntropyLoss()

step = 0
for epoch in range(40):
    model.train()
    epoch_loss, correct, seen = 0.0, 0, 0
    for xb, yb in loader:
        optimizer.zero_grad(set_to_none=True)
        logits = model(xb)
        loss = criterion(logits, yb)
        loss.backward()
        optimizer.step()
        step += 1
        epoch_loss += loss.item() * len(xb)
        correct += (logits.argmax(1) == yb).sum().item()
        seen += len(xb)
    model.eval()
    with torch.no_grad():
        out = model(X_val)
        v_loss = criterion(out, Y_val).item()
        v_acc = (out.argmax(1) == Y_val).float().mean().item()
    if (epoch + 1) % 8 == 0:
        print(f"epoch {epoch + 1:3d} | step {step} | loss {epoch_loss / seen:.4f} acc {correct / seen:.3f} "
              f"| val loss {v_loss:.4f} acc {v_acc:.3f}")

print("val accuracy", round(v_acc, 4))
