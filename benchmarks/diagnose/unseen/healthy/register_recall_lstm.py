"""Memory task: remember the last value that was written with the write flag up."""
import torch
from torch import nn

torch.manual_seed(30)
VALUES, LENGTH, HIDDEN = 4, 30, 32


def sample(batch):
    v = torch.randint(0, VALUES, (batch, LENGTH))
    flag = (torch.rand(batch, LENGTH) < 0.08).float()
    flag[:, 0] = 1.0
    pos = (flag * torch.arange(LENGTH)).argmax(1)
    x = torch.cat([nn.functional.one_hot(v, VALUES).float() * 2 - 0.5, flag[..., None] * 4 - 2], -1)
    return x, v[torch.arange(batch), pos]


class Recaller(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(VALUES + 1, HIDDEN, batch_first=True)
        self.fc = nn.Linear(HIDDEN, VALUES)
        with torch.no_grad():                       # start with long memory
            self.rnn.bias_ih_l0[HIDDEN:2 * HIDDEN].fill_(3.0)
            self.rnn.bias_hh_l0[HIDDEN:2 * HIDDEN].zero_()

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.fc(out[:, -1])


model = Recaller()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()
xv, yv = sample(2000)
for step in range(1, 3001):
    x, y = sample(64)
    loss = criterion(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    optimizer.step()
    if step % 300 == 0:
        with torch.no_grad():
            acc = (model(xv).argmax(1) == yv).float().mean().item()
        print(f"step {step} loss {loss.item():.5f} accuracy {acc:.4f}")
print(f"final accuracy {acc:.4f} (chance 0.25)")
