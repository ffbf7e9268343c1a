"""Adapt a pretrained digit MLP to rotated digits with low-rank adapters only."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class LoRALinear(nn.Module):
    def __init__(self, base, rank=4, alpha=8.0):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad = False
        self.lora_a = nn.Linear(base.in_features, rank, bias=False)
        self.lora_b = nn.Linear(rank, base.out_features, bias=False)
        nn.init.kaiming_uniform_(self.lora_a.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_b.weight)
        self.scaling = alpha / rank

    def forward(self, x):
        return self.base(x) + self.scaling * self.lora_b(self.lora_a(x))


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 96)
        self.fc2 = nn.Linear(96, 96)
        self.out = nn.Linear(96, 10)

    def forward(self, x):
        x = F.gelu(self.fc1(x))
        x = F.gelu(self.fc2(x))
        return self.out(x)


def add_lora(model, rank):
    for name, child in list(model.named_children()):
        if isinstance(child, nn.Linear):
            setattr(model, name, LoRALinear(child, rank))
    return model


def fit(model, x, y, epochs, lr):
    opt = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=lr)
    for epoch in range(epochs):
        for idx in torch.randperm(len(x)).split(32):
            loss = F.cross_entropy(model(x[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
    print(f"final batch loss {loss.item():.4f}")


@torch.no_grad()
def accuracy(model, x, y):
    return (model(x).argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(3)
    X, y = load_digits(return_X_y=True)
    X = torch.tensor(X / 16.0, dtype=torch.float32) - 0.3
    rotated = X.view(-1, 8, 8).rot90(1, dims=(1, 2)).reshape(-1, 64)
    y = torch.tensor(y)
    tr, te = train_test_split(torch.arange(len(y)), test_size=0.3, random_state=0, stratify=y)
    model = MLP()
    fit(model, X[tr], y[tr], epochs=15, lr=2e-3)
    print("source accuracy", round(accuracy(model, X[te], y[te]), 4))
    print("rotated accuracy before", round(accuracy(model, rotated[te], y[te]), 4))
    add_lora(model, rank=6)
    fit(model, rotated[tr], y[tr], epochs=25, lr=5e-3)
    print("rotated accuracy after", round(accuracy(model, rotated[te], y[te]), 4))
