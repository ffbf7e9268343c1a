import torch
from torch import nn

torch.manual_seed(4)


class Averager(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.rnn = nn.RNN(1, hidden, nonlinearity="relu", batch_first=True)
        self.read = nn.Linear(hidden, 1)
        nn.init.normal_(self.rnn.weight_hh_l0, std=0.3)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.read(out[:, -1]).squeeze(1)


def sample(n, length=40):
    level = torch.rand(n, 1)
    v = level + 0.3 * torch.randn(n, length)
    return v.unsqueeze(-1), v.mean(1)


def fit(model, steps=220):
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for step in range(steps):
        x, y = sample(64)
        opt.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        if step % 70 == 0:
            print(f"step {step} mse {loss.item():.5g}")


model = Averager()
fit(model)
with torch.no_grad():
    x, y = sample(1000)
    print("final mse", nn.functional.mse_loss(model(x), y).item())
