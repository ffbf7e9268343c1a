import os
import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.set_num_threads(1)
seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)

x, y = load_digits(return_X_y=True)
x = (x - x.mean()) / x.std()
xa, xb, ya, yb = train_test_split(x.astype(np.float32), y, test_size=0.3, random_state=seed, stratify=y)
xa, xb, ya, yb = map(torch.as_tensor, (xa, xb, ya, yb))


class MultiHeadMLP(nn.Module):
    """H small networks side by side; their logits are averaged."""

    def __init__(self, sizes=(64, 24, 24, 10), heads=4):
        super().__init__()
        self.w = nn.ParameterList()
        self.b = nn.ParameterList()
        for d_in, d_out in zip(sizes, sizes[1:]):
            self.w.append(nn.Parameter(torch.full((heads, d_in, d_out), d_in ** -0.5)))
            self.b.append(nn.Parameter(torch.zeros(heads, 1, d_out)))

    def forward(self, x):
        h = x.expand(self.w[0].shape[0], *x.shape)
        for k, (w, b) in enumerate(zip(self.w, self.b)):
            h = torch.einsum("hni,hio->hno", h, w) + b
            if k < len(self.w) - 1:
                h = torch.where(h > 0, h, 0.1 * h)
        return h.mean(0)


model = MultiHeadMLP()
opt = torch.optim.Adam([{"params": model.w, "weight_decay": 1e-4}, {"params": model.b}], lr=2e-3)
best, patience = float("inf"), 0
for epoch in range(60):
    for idx in torch.randperm(len(xa)).split(64):
        loss = nn.functional.cross_entropy(model(xa[idx]), ya[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        val = nn.functional.cross_entropy(model(xb), yb).item()
    if epoch % 10 == 0:
        print(f"epoch {epoch}: train {loss.item():.4f} held-out {val:.4f}")
    if val < best - 1e-4:
        best, patience = val, 0
    else:
        patience += 1
        if patience >= 8:
            break
with torch.no_grad():
    acc = (model(xb).argmax(1) == yb).float().mean().item()
print(f"accuracy {acc:.4f}")
