"""Bearing-vibration classification with a strided 1-D conv encoder."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(12)


def synth(n, seed, length=128):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 4, (n,), generator=g)
    freq = torch.tensor([4.0, 9.0, 17.0, 29.0])[y] + torch.randn(n, generator=g) * 0.6
    phase = torch.rand(n, generator=g) * 2 * math.pi
    t = torch.arange(length) / length
    sig = torch.sin(2 * math.pi * freq[:, None] * t + phase[:, None])
    return (sig + 0.5 * torch.randn(n, length, generator=g))[:, None], y


class ConvUnit(nn.Module):
    def __init__(self, c_in, c_out, kernel=7, stride=2):
        super().__init__()
        self.conv = nn.Conv1d(c_in, c_out, kernel, stride, padding=kernel // 2)
        self.bn = nn.BatchNorm1d(c_out)

    def forward(self, x):
        x = self.bn(self.conv(x))
        F.gelu(x)
        return x


class Encoder(nn.Module):
    def __init__(self, widths=(16, 32, 48)):
        super().__init__()
        chans = (1,) + tuple(widths)
        self.units = nn.ModuleList(ConvUnit(a, b) for a, b in zip(chans, chans[1:]))

    def forward(self, x):
        for u in self.units:
            x = u(x)
        return x.mean(dim=-1)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.head = nn.Linear(48, 4)

    def forward(self, x):
        return self.head(self.encoder(x))


class Trainer:
    def __init__(self, model, train, test, epochs=8, accum=2, lr=3e-3):
        self.model, self.train_set, self.test_set = model, train, test
        self.epochs, self.accum = epochs, accum
        self.opt = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=1e-3)
        self.g = torch.Generator().manual_seed(4)

    def fit(self):
        x, y = self.train_set
        for ep in range(self.epochs):
            self.model.train()
            run = 0.0
            chunks = torch.randperm(len(x), generator=self.g).split(32)
            for k, idx in enumerate(chunks):
                loss = F.cross_entropy(self.model(x[idx]), y[idx])
                (loss / self.accum).backward()
                if (k + 1) % self.accum == 0:
                    self.opt.step()
                    self.opt.zero_grad()
                run += loss.item()
            print(f"epoch {ep}: train loss {run / len(chunks):.4f}, acc {self.score():.3f}")

    @torch.no_grad()
    def score(self):
        self.model.eval()
        x, y = self.test_set
        return (self.model(x).argmax(1) == y).float().mean().item()


tr = Trainer(Classifier(), synth(2000, 1), synth(800, 2))
tr.fit()
print(f"final accuracy: {tr.score():.4f}")
