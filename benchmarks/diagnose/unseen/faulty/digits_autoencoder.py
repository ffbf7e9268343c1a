import torch
import torch.nn as nn
from sklearn.datasets import load_digits


def make_layer(n_in, n_out):
    lin = nn.Linear(n_in, n_out)
    nn.init.normal_(lin.weight, 0.0, 1.5)
    nn.init.zeros_(lin.bias)
    return lin


class AE(nn.Module):
    def __init__(self, dims=(64, 48, 16)):
        super().__init__()
        enc, dec = [], []
        for a, b in zip(dims[:-1], dims[1:]):
            enc += [make_layer(a, b), nn.Tanh()]
        rev = dims[::-1]
        for a, b in zip(rev[:-1], rev[1:]):
            dec += [make_layer(a, b), nn.Tanh()]
        self.enc = nn.Sequential(*enc)
        self.dec = nn.Sequential(*dec[:-1])

    def forward(self, x):
        return self.dec(self.enc(x))


def train(epochs=25, batch_size=64):
    torch.manual_seed(0)
    x = torch.tensor(load_digits().data, dtype=torch.float32) / 8 - 1
    x = x[torch.randperm(len(x))]
    tr, te = x[:1500], x[1500:]
    model = AE()
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    for ep in range(epochs):
        model.train()
        for xb in tr[torch.randperm(len(tr))].split(batch_size):
            opt.zero_grad()
            loss = ((model(xb) - xb) ** 2).mean()
            loss.backward()
            opt.step()
        if ep % 10 == 0:
            print("epoch", ep, "loss", loss.item())
    model.eval()
    with torch.no_grad():
        print("test mse", ((model(te) - te) ** 2).mean().item())


train()
