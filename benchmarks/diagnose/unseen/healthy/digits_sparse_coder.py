"""Overcomplete autoencoder with an L1 penalty on its ReLU code."""
import argparse
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

parser = argparse.ArgumentParser()
parser.add_argument("--code", type=int, default=96)
parser.add_argument("--l1", type=float, default=4e-3)
parser.add_argument("--epochs", type=int, default=60)
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.set_num_threads(1)
torch.manual_seed(args.seed)


class SparseCoder(nn.Module):
    def __init__(self, n_in, n_code):
        super().__init__()
        self.decoder = nn.Linear(n_code, n_in)
        self.encoder = nn.Linear(n_in, n_code)
        nn.init.constant_(self.encoder.bias, -0.2)

    def encode(self, x):
        return F.relu(self.encoder(x - self.decoder.bias))

    def forward(self, x):
        code = self.encode(x)
        return self.decoder(code), code

    @torch.no_grad()
    def normalise(self):
        self.decoder.weight.div_(self.decoder.weight.norm(dim=0, keepdim=True).clamp(min=1e-6))


x = torch.tensor(load_digits().data, dtype=torch.float32)
x = (x - x.mean(0)) / 6.0
x = x[torch.randperm(len(x))]
train, test = x[:1400], x[1400:]

model = SparseCoder(64, args.code)
with torch.no_grad():
    rows = train[torch.randperm(len(train))[: args.code]]
    rows = F.normalize(rows, dim=1)
    model.decoder.weight.copy_(rows.T)
    model.encoder.weight.copy_(rows)
    model.decoder.bias.zero_()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(1, args.epochs + 1):
    for batch in train[torch.randperm(len(train))].split(50):
        recon, code = model(batch)
        loss = F.mse_loss(recon, batch) + args.l1 * code.sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.normalise()
    if epoch % 15 == 0:
        print(f"epoch {epoch} loss {loss.item():.4f} active {(code > 0).float().mean().item():.3f}")

with torch.no_grad():
    recon, code = model(test)
    all_codes = model.encode(train)
print(f"share of active code units per image: {(code > 0).float().mean().item():.3f}")
print(f"rarest unit fires on {(all_codes > 0).float().mean(0).min().item():.4f} of the training images")
print(f"baseline mse (mean): {F.mse_loss(train.mean(0).expand_as(test), test).item():.4f}")
print(f"final test mse: {F.mse_loss(recon, test).item():.4f}")
