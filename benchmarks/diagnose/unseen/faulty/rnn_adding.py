"""Running-sum regression with a plain ReLU recurrence and an encoder/decoder pair."""
import torch
from torch import nn

torch.manual_seed(7)


class ReluRNN(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.inp = nn.Linear(2, hidden)
        self.rec = nn.Linear(hidden, hidden, bias=False)
        nn.init.normal_(self.rec.weight, std=0.35)
        self.out = nn.Linear(hidden, 1)

    def forward(self, seq):
        h = seq.new_zeros(seq.shape[0], self.rec.in_features)
        for x_t in seq.unbind(1):
            h = torch.relu(self.inp(x_t) + self.rec(h))
        return self.out(h).squeeze(1)


def batch(n, T=24):
    v = torch.rand(n, T)
    flag = torch.zeros(n, T)
    flag.scatter_(1, torch.rand(n, T).topk(3, dim=1).indices, 1.0)
    return torch.stack([v, flag], 2), (v * flag).sum(1)


model = ReluRNN()
opt = torch.optim.RMSprop(model.parameters(), lr=1e-3)
for step in range(300):
    x, y = batch(64)
    loss = ((model(x) - y) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(f"{step:4d} mse {loss.item():.5g}")
with torch.no_grad():
    x, y = batch(1000)
    print("test mse", ((model(x) - y) ** 2).mean().item())
