import numpy as np
import torch

torch.set_num_threads(1)

from torch import nn

rng = np.random.default_rng(5)
torch.manual_seed(5)

CHANNELS = ["temp_c", "pressure_hpa", "vib_mm_s", "rpm"]
# channel -> (offset, divisor)
CALIB = {
    "temp_c": (60.0, 8.0),
    "pressure_hpa": (0.0, 1.0),
    "vib_mm_s": (2.5, 1.2),
    "rpm": (1480.0, 25.0),
}


def make_windows(n, length=32):
    """Simulated pump windows; class = healthy / cavitation / bearing wear."""
    label = rng.integers(0, 3, n)
    t = np.arange(length)[None, :]
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    temp = 60 + 6 * rng.standard_normal((n, 1)) + rng.standard_normal((n, length))
    temp += (label == 2)[:, None] * 0.15 * t
    press = 1013 + 9 * rng.standard_normal((n, 1)) + 2 * rng.standard_normal((n, length))
    freq = np.where(label == 1, 1.9, 0.7)[:, None]
    vib = 2.5 + 1.1 * np.sin(freq * t + phase) + 0.5 * rng.standard_normal((n, length))
    rpm = 1480 + 20 * rng.standard_normal((n, 1)) + 8 * rng.standard_normal((n, length))
    cols = dict(temp_c=temp, pressure_hpa=press, vib_mm_s=vib, rpm=rpm)
    stacked = np.stack([(cols[c] - CALIB[c][0]) / CALIB[c][1] for c in CHANNELS], -1)
    return torch.tensor(stacked, dtype=torch.float32), torch.tensor(label)


class PumpModel(nn.Module):
    def __init__(self, hidden=40):
        super().__init__()
        self.rnn = nn.GRU(len(CHANNELS), hidden, batch_first=True)
        self.post = nn.Linear(hidden, 24)
        self.cls = nn.Linear(24, 3)

    def forward(self, x):
        _, h = self.rnn(x)
        return self.cls(torch.nn.functional.leaky_relu(self.post(h[-1]), 0.2))


train_x, train_y = make_windows(3000)
val_x, val_y = make_windows(800)
model = PumpModel()
optim = torch.optim.AdamW(model.parameters(), lr=4e-3)
crit = nn.CrossEntropyLoss()

for epoch in range(7):
    order = torch.randperm(len(train_x))
    running = 0.0
    for chunk in order.split(60):
        optim.zero_grad()
        loss = crit(model(train_x[chunk]), train_y[chunk])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optim.step()
        running += loss.item() * len(chunk)
    with torch.no_grad():
        acc = (model(val_x).argmax(-1) == val_y).float().mean().item()
    print(f"epoch {epoch} train {running / len(train_x):.4f} val {acc:.3f}")
print("final val_accuracy", round(acc, 4))
