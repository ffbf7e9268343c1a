"""Autoencoder with a 32-bit code on sklearn digits."""
import torch
torch.set_num_threads(1)
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(31)


class Binarize(nn.Module):
    def forward(self, logits):
        soft = torch.sigmoid(logits)
        hard = (soft > 0.5).float()
        return hard.detach() + soft - soft.detach()


class HashAutoencoder(nn.Module):
    def __init__(self, bits=32):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(64, 96), nn.LeakyReLU(0.1), nn.Linear(96, bits))
        self.bin = Binarize()
        self.dec = nn.Sequential(nn.Linear(bits, 96), nn.LeakyReLU(0.1), nn.Linear(96, 64))

    def forward(self, x):
        code = self.bin(self.enc(x))
        return self.dec(2 * code - 1), code


images = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
images = images[torch.randperm(len(images))]
train, test = images[:1400], images[1400:]
centre = train.mean(0)

net = HashAutoencoder()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 30)
for epoch in range(30):
    total = 0.0
    for chunk in torch.randperm(len(train)).split(70):
        x = train[chunk] - centre
        rec, _ = net(x)
        loss = (rec - x).square().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(chunk)
    sched.step()
    if epoch % 5 == 0:
        print(f"epoch {epoch:2d} mse {total / len(train):.5f}")

with torch.no_grad():
    rec, code = net(test - centre)
    residual = (rec - (test - centre)).square().mean()
    variance = (test - centre).square().mean()
print(f"mean bit usage {code.mean().item():.3f}")
print(f"final explained_variance {(1 - residual / variance).item():.4f}")
