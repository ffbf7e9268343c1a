"""Self-normalizing network on the digits table."""
import torch
from torch import nn
from sklearn.datasets import load_digits

torch.manual_seed(0)
X, y = load_digits(return_X_y=True)
X = torch.tensor(X, dtype=torch.float32)
X = (X - X.mean(0)) / (X.std(0) + 1e-3)
y = torch.tensor(y)


class SNN(nn.Module):
    def __init__(self, width=64, depth=24, p=0.02):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(64, width) for _ in range(depth)])
        self.drop = nn.AlphaDropout(p)
        self.out = nn.Linear(width, 10)

    def forward(self, x):
        for lin in self.layers:
            x = self.drop(torch.selu(lin(x)))
        return self.out(x)


net = SNN()
opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
for epoch in range(10):
    net.train()
    for idx in torch.randperm(1400).split(50):
        loss = nn.functional.cross_entropy(net(X[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("epoch", epoch, "loss %.4f" % loss.item())
net.eval()
with torch.no_grad():
    print("test acc", (net(X[1400:]).argmax(1) == y[1400:]).float().mean().item())
