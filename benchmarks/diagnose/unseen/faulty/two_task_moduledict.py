"""Shared trunk with two task heads kept in a ModuleDict."""
import torch
from torch import nn

CONFIG = dict(width=64, depth=3, activation="ReLU", lr=5e-3, steps=900)
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU}


class Net(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        act = ACTIVATIONS.get(cfg["activation"], nn.Identity)
        layers, d = [], 4
        for _ in range(cfg["depth"]):
            layers += [nn.Linear(d, cfg["width"]), act()]
            d = cfg["width"]
        self.trunk = nn.Sequential(*layers)
        self.heads = nn.ModuleDict({"product": nn.Linear(d, 1), "radius": nn.Linear(d, 1)})

    def forward(self, x):
        z = self.trunk(x)
        return {k: h(z).squeeze(1) for k, h in self.heads.items()}


torch.manual_seed(11)
X = torch.rand(2000, 4) * 2 - 1
targets = {"product": 3 * X[:, 0] * X[:, 1], "radius": 2 * (X[:, 2] ** 2 + X[:, 3] ** 2).sqrt()}
targets = {k: v - v.mean() for k, v in targets.items()}
model = Net(CONFIG)
trunk_opt = torch.optim.Adagrad(model.trunk.parameters(), lr=2 * CONFIG["lr"])
head_opt = torch.optim.Adam(model.heads.parameters(), lr=CONFIG["lr"])
mse = nn.MSELoss()
for step in range(CONFIG["steps"]):
    b = torch.randint(0, 1600, (128,))
    out = model(X[b])
    loss = sum(mse(out[k], targets[k][b]) for k in out)
    trunk_opt.zero_grad(); head_opt.zero_grad()
    loss.backward()
    trunk_opt.step(); head_opt.step()
    if step % 150 == 0:
        print(step, {k: round(mse(out[k], targets[k][b]).item(), 4) for k in out})
with torch.no_grad():
    out = model(X[1600:])
    print("test mse", sum(mse(out[k], targets[k][1600:]) for k in out).item())
