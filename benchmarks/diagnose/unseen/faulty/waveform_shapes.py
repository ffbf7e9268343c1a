import math
import torch
import torch.nn as nn


class SeluConv(nn.Module):
    def __init__(self, channels=16, depth=16, classes=4):
        super().__init__()
        blocks = [nn.Conv1d(1, channels, 5, padding=2), nn.SELU()]
        for _ in range(depth):
            blocks += [nn.Conv1d(channels, channels, 5, padding=2), nn.SELU()]
        self.features = nn.Sequential(*blocks)
        self.head = nn.Linear(channels * 4, classes)
        self.pool = nn.AdaptiveMaxPool1d(4)

    def forward(self, x):
        return self.head(self.pool(self.features(x)).flatten(1))


def make_batch(n, length=32):
    kind = torch.randint(0, 4, (n,))
    t = torch.arange(length) / length
    phase = torch.rand(n, 1)
    cycles = torch.tensor([2.0, 4.0, 2.0, 4.0])[kind].unsqueeze(1)
    arg = cycles * t + phase
    sine = math.sqrt(2) * torch.sin(2 * math.pi * arg)
    square = torch.sign(sine)
    x = torch.where((kind < 2).unsqueeze(1), sine, square)
    return (x + 0.2 * torch.randn(n, length)).unsqueeze(1), kind


torch.manual_seed(0)
net = SeluConv()
optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.5)
history = []
for step in range(200):
    x, y = make_batch(32)
    loss = nn.functional.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    history.append(loss.item())
    if step % 50 == 49:
        print(f"step {step + 1} loss {sum(history[-50:]) / 50:.4f}")

net.eval()
with torch.no_grad():
    x, y = make_batch(1000)
    print("accuracy", (net(x).argmax(1) == y).float().mean().item())
