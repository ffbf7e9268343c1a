# Homework 2: multilayer perceptron "from scratch" -- only tensors, no nn.Linear.
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(42)


class ScratchMLP(nn.Module):
    def __init__(self, dims):
        super().__init__()
        self.W = nn.ParameterList()
        self.b = nn.ParameterList()
        for d_in, d_out in zip(dims[:-1], dims[1:]):
            self.W.append(nn.Parameter(torch.ones(d_in, d_out) / d_in))
            self.b.append(nn.Parameter(torch.zeros(d_out)))

    def forward(self, x):
        last = len(self.W) - 1
        for i, (W, b) in enumerate(zip(self.W, self.b)):
            x = x @ W + b
            if i < last:
                x = x.clamp(min=0)
        return x


def cross_entropy(logits, y):
    z = logits - logits.max(dim=1, keepdim=True).values
    logp = z - z.exp().sum(dim=1, keepdim=True).log()
    return -logp[torch.arange(len(y)), y].mean()


def sgd_momentum(params, velocity, lr, mu):
    with torch.no_grad():
        for p, v in zip(params, velocity):
            v.mul_(mu).add_(p.grad)
            p.sub_(lr * v)
            p.grad = None


X, y = load_digits(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X / 16.0, y, test_size=0.25, random_state=0, stratify=y)
Xtr, Xte = torch.tensor(Xtr, dtype=torch.float32), torch.tensor(Xte, dtype=torch.float32)
ytr, yte = torch.tensor(ytr), torch.tensor(yte)

model = ScratchMLP([64, 128, 64, 10])
params = list(model.parameters())
velocity = [torch.zeros_like(p) for p in params]

for epoch in range(280):
    perm = torch.randperm(len(Xtr))
    running = 0.0
    for i in range(0, len(perm), 32):
        j = perm[i:i + 32]
        loss = cross_entropy(model(Xtr[j]), ytr[j])
        loss.backward()
        sgd_momentum(params, velocity, lr=0.02, mu=0.9)
        running += loss.item() * len(j)
    if epoch % 10 == 9:
        with torch.no_grad():
            acc = (model(Xte).argmax(1) == yte).float().mean().item()
        print(f"epoch {epoch + 1:3d}  loss {running / len(perm):.4f}  test acc {acc:.4f}")
print(f"final test acc {acc:.4f}")
