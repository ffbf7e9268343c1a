"""Small ViT on 8x8 digits: fixed sin-cos positions, pre-norm blocks with LayerScale, zero-initialised head."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
torch.manual_seed(2)


def sincos(n_side, dim):
    yy, xx = torch.meshgrid(torch.arange(n_side), torch.arange(n_side), indexing="ij")
    omega = 1.0 / (100 ** (torch.arange(dim // 4) / (dim // 4)))
    out = []
    for g in (yy, xx):
        a = g.flatten().float()[:, None] * omega[None]
        out += [a.sin(), a.cos()]
    return torch.cat(out, 1).unsqueeze(0)


class LayerScale(nn.Module):
    def __init__(self, dim, init=0.3):
        super().__init__()
        self.gamma = nn.Parameter(init * torch.ones(dim))

    def forward(self, x):
        return self.gamma * x


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        self.ls1, self.ls2 = LayerScale(dim), LayerScale(dim)

    def forward(self, x):
        h = self.ln1(x)
        x = x + self.ls1(self.attn(h, h, h, need_weights=False)[0])
        return x + self.ls2(self.mlp(self.ln2(x)))


class ViT(nn.Module):
    def __init__(self, dim=48, depth=2, heads=4, n_classes=10):
        super().__init__()
        self.patch = nn.Conv2d(1, dim, 4, stride=2, padding=1)
        self.register_buffer("pos", sincos(4, dim))
        self.blocks = nn.Sequential(*[Block(dim, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, n_classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2) + self.pos
        return self.head(self.norm(self.blocks(x)).mean(1))


def get_loaders():
    d = load_digits()
    x = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 8 - 1
    y = torch.tensor(d.target)
    tr, te = train_test_split(torch.arange(len(y)), test_size=0.25, random_state=2, stratify=d.target)
    return DataLoader(TensorDataset(x[tr], y[tr]), 64, shuffle=True, drop_last=True), DataLoader(TensorDataset(x[te], y[te]), 450)


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    return sum((model(x).argmax(1) == y).sum().item() for x, y in loader) / len(loader.dataset)


train_dl, test_dl = get_loaders()
model = ViT()
EPOCHS = 10
decay = [p for p in model.parameters() if p.dim() > 1]
no_decay = [p for p in model.parameters() if p.dim() <= 1]
opt = torch.optim.AdamW([{"params": decay, "weight_decay": 0.05}, {"params": no_decay, "weight_decay": 0.0}], lr=3e-3)
total = EPOCHS * len(train_dl)
sched = torch.optim.lr_scheduler.LambdaLR(
    opt, lambda s: min((s + 1) / 15, 0.5 * (1 + math.cos(math.pi * min(s, total) / total))))

for epoch in range(EPOCHS):
    model.train()
    for x, y in train_dl:
        loss = F.cross_entropy(model(x), y, label_smoothing=0.1)
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
    if epoch % 3 == 1:
        print(f"epoch {epoch + 1}: loss {loss.item():.4f} test acc {evaluate(model, test_dl):.4f}")

print(f"test accuracy: {evaluate(model, test_dl):.4f}")
