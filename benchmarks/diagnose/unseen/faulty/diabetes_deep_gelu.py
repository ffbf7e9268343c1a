import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

torch.manual_seed(7)
X, y = load_diabetes(return_X_y=True)
X = torch.as_tensor(scale(X)).float()
y = torch.as_tensor(scale(y)).float()


class DeepRegressor(nn.Module):
    def __init__(self, width=96, depth=10):
        super().__init__()
        sizes = [10] + [width] * depth
        self.hidden = nn.ModuleList([nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])
        self.final = nn.Linear(width, 1)
        for lin in self.hidden:
            nn.init.normal_(lin.weight, 0.0, 0.4)
            nn.init.zeros_(lin.bias)

    def forward(self, x):
        for lin in self.hidden:
            x = F.gelu(lin(x))
        return self.final(x).squeeze(-1)


net = DeepRegressor()
opt = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.01)
for step in range(200):
    i = torch.randint(0, 350, (64,))
    loss = F.smooth_l1_loss(net(X[i]), y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 25 == 0 or step == 199:
        print(step, loss.item())
with torch.no_grad():
    print("test mae", (net(X[350:]) - y[350:]).abs().mean().item())
