import math
import torch
import torch.nn as nn

torch.manual_seed(9)


def synth(n, length=64):
    t = torch.arange(length)
    label = torch.randint(0, 3, (n,))
    f = torch.tensor([0.06, 0.12, 0.2])[label].unsqueeze(1)
    phase = 2 * math.pi * torch.rand(n, 1)
    clean = torch.sin(2 * math.pi * f * t + phase)
    return (clean + 0.4 * torch.randn(n, length)).unsqueeze(1), label


class ToneNet(nn.Module):
    def __init__(self, clip=100.0):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(1, 24, 11, padding=5), nn.Hardtanh(-clip, clip),
            nn.Conv1d(24, 24, 7, padding=3), nn.Hardtanh(-clip, clip),
            nn.Conv1d(24, 24, 5, padding=2), nn.Hardtanh(-clip, clip),
        )
        self.pool = nn.AdaptiveAvgPool1d(4)
        self.fc = nn.Linear(96, 3)

    def forward(self, x):
        return self.fc(self.pool(self.features(x)).flatten(1))


net = ToneNet()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(200):
    x, y = synth(64)
    loss = nn.functional.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 40 == 0:
        print("step", step, "loss", round(loss.item(), 4))

with torch.no_grad():
    x, y = synth(1000)
    print("accuracy", (net(x).argmax(1) == y).float().mean().item())
