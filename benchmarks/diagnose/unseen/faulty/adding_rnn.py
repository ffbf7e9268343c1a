"""Adding problem: sum the marked numbers of a sequence with a simple RNN."""
import torch
torch.set_num_threads(1)
import torch.nn as nn

torch.manual_seed(3)
SEQ_LEN = 40
BATCH = 64
STEPS = 600


def sample_batch(n):
    values = torch.rand(n, SEQ_LEN)
    marks = (torch.rand(n, SEQ_LEN) < 0.2).float()
    target = (values * marks).sum(1)
    return torch.stack([values, marks], dim=-1), target


class Summer(nn.Module):
    def __init__(self, hidden_size=64):
        super().__init__()
        self.rnn = nn.RNN(2, hidden_size, nonlinearity="relu", batch_first=True)
        self.out = nn.Linear(hidden_size, 1)
        nn.init.eye_(self.rnn.weight_hh_l0)
        nn.init.normal_(self.rnn.weight_ih_l0, std=0.1)
        nn.init.zeros_(self.rnn.bias_ih_l0)
        nn.init.zeros_(self.rnn.bias_hh_l0)

    def forward(self, seq):
        _, h = self.rnn(seq)
        return self.out(h[-1]).squeeze(1)


net = Summer()
mse = nn.MSELoss()
opt = torch.optim.SGD(net.parameters(), lr=0.006, momentum=0.9)

val_x, val_y = sample_batch(1000)
for step in range(1, STEPS + 1):
    x, y = sample_batch(BATCH)
    loss = mse(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(f"step {step:4d}  train mse {loss.item():.5f}")

with torch.no_grad():
    err = mse(net(val_x), val_y).item()
    base = val_y.var().item()
print(f"predicting the mean gives {base:.4f}")
print(f"final mse {err:.5f}")
