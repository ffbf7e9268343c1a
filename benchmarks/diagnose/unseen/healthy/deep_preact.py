"""Deep pre-activation residual CNN on 8x8 digits: zero-initialised branches, log_softmax + NLLLoss,
gradient accumulation and an averaged (EMA) copy for evaluation."""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)


class PreActBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.bn1, self.bn2 = nn.BatchNorm2d(c), nn.BatchNorm2d(c)
        self.conv1 = nn.Conv2d(c, c, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(c, c, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(self.conv1.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x):
        y = self.conv1(F.relu(self.bn1(x)))
        y = self.conv2(F.relu(self.bn2(y)))
        return x + y


class DeepNet(nn.Module):
    def __init__(self, width=16, blocks=12):
        super().__init__()
        self.stem = nn.Conv2d(1, width, 3, padding=1, bias=False)
        self.trunk = nn.Sequential(*[PreActBlock(width) for _ in range(blocks)])
        self.norm = nn.BatchNorm2d(width)
        self.fc = nn.Linear(width * 4, 10)

    def forward(self, x):
        x = F.relu(self.norm(self.trunk(self.stem(x))))
        return F.log_softmax(self.fc(F.adaptive_avg_pool2d(x, 2).flatten(1)), dim=1)


class EMA:
    def __init__(self, model, decay=0.98):
        self.shadow, self.decay = copy.deepcopy(model).eval(), decay
        for p in self.shadow.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        for s, p in zip(self.shadow.parameters(), model.parameters()):
            s.lerp_(p, 1 - self.decay)
        for s, b in zip(self.shadow.buffers(), model.buffers()):
            s.copy_(b)


def run(epochs=8, micro_batch=16, accumulate=2):
    torch.manual_seed(77)
    d = load_digits()
    x = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 8 - 1
    xtr, xte, ytr, yte = train_test_split(x, torch.tensor(d.target), test_size=0.25, random_state=1)
    loader = DataLoader(TensorDataset(xtr, ytr), micro_batch, shuffle=True, drop_last=True)
    model = DeepNet()
    ema = EMA(model)
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    for epoch in range(epochs):
        model.train()
        opt.zero_grad()
        for i, (xb, yb) in enumerate(loader):
            loss = F.nll_loss(model(xb), yb)
            (loss / accumulate).backward()
            if (i + 1) % accumulate == 0:
                opt.step()
                opt.zero_grad()
                ema.update(model)
        with torch.no_grad():
            acc = (ema.shadow(xte).argmax(1) == yte).float().mean().item()
        print(f"epoch {epoch} loss {loss.item():.4f} ema test acc {acc:.4f} (chance 0.1)")


if __name__ == "__main__":
    run()
