"""MLP-Mixer on 8x8 digits, memory-lean training."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(31)
d = load_digits()
imgs = torch.tensor(d.images / 16.0, dtype=torch.float32)
y = torch.tensor(d.target)
perm = torch.randperm(len(y))
imgs, y = imgs[perm], y[perm]
patches = imgs.unfold(1, 2, 2).unfold(2, 2, 2).reshape(len(y), 16, 4)
patches = (patches - patches.mean()) / patches.std()
xtr, ytr, xte, yte = patches[:1400], y[:1400], patches[1400:], y[1400:]


class MixerBlock(nn.Module):
    def __init__(self, tokens, dim, t_hidden, c_hidden):
        super().__init__()
        self.n1 = nn.LayerNorm(dim)
        self.tok = nn.Sequential(nn.Linear(tokens, t_hidden), nn.GELU(), nn.Linear(t_hidden, tokens))
        self.n2 = nn.LayerNorm(dim)
        self.chan = nn.Sequential(nn.Linear(dim, c_hidden), nn.GELU(), nn.Linear(c_hidden, dim))

    def forward(self, x):
        x = x + self.tok(self.n1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.chan(self.n2(x))


class Mixer(nn.Module):
    def __init__(self, dim=48, depth=2):
        super().__init__()
        self.embed = nn.Linear(4, dim)
        self.blocks = nn.Sequential(*[MixerBlock(16, dim, 32, 96) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 10)

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.embed(x))).mean(1))


model = Mixer().to(torch.bfloat16)
opt = torch.optim.SGD(model.parameters(), lr=0.003, momentum=0.9, nesterov=True)
EPOCHS, BS = 20, 64
for epoch in range(EPOCHS):
    model.train()
    tot, n = 0.0, 0
    for b in torch.randperm(len(xtr)).split(BS):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(xtr[b])
        loss = F.cross_entropy(logits.float(), ytr[b])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        tot += loss.item() * len(b)
        n += len(b)
    if epoch % 4 == 0 or epoch == EPOCHS - 1:
        model.eval()
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            acc = (model(xte).argmax(1) == yte).float().mean().item()
        print(f"epoch {epoch:2d} loss {tot / n:.4f} test acc {acc:.4f}")
