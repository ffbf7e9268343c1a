# 1-d convolutional classifier for noisy waveforms (sine / square / saw / chirp)
import torch
from torch import nn

torch.manual_seed(2)


def make(n, length=96):
    t = torch.linspace(0, 1, length)[None]
    f = torch.rand(n, 1) * 5 + 2
    ph = torch.rand(n, 1)
    k = torch.randint(0, 4, (n,))
    s = torch.sin(6.2832 * (f * t + ph))
    waves = torch.stack([s, s.sign(), 2 * ((f * t + ph) % 1) - 1, torch.sin(6.2832 * (f * t * t * 1.7 + ph))], 1)
    return (waves[torch.arange(n), k] + 0.1 * torch.randn(n, length))[:, None], k


class Wave(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv1d(1, 16, 7, stride=2)
        self.c2 = nn.Conv1d(16, 32, 5, stride=2)
        self.fc = nn.Linear(32, 4)
        self.act = nn.SiLU()
        for c in (self.c1, self.c2):
            nn.init.kaiming_normal_(c.weight)
            nn.init.constant_(c.bias, -25.0)

    def forward(self, x):
        x = self.act(self.c1(x))
        x = self.act(self.c2(x))
        return self.fc(x.mean(2))


xtr, ytr = make(2000)
xte, yte = make(500)
net = Wave()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(20):
    for idx in torch.randperm(2000).split(100):
        loss = loss_fn(net(xtr[idx]), ytr[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 4 == 0:
        print("epoch", epoch, "loss", round(loss.item(), 4))
with torch.no_grad():
    print("test accuracy", (net(xte).argmax(1) == yte).float().mean().item())
