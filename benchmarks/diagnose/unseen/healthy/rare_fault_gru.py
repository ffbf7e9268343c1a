"""Rare machine-fault detection in padded vibration sequences (GRU, packed, 4 % positives)."""
import os

import numpy as np
import torch
from sklearn.metrics import average_precision_score
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
MAX_LEN = 40


def make_sequences(n, rng, rate=0.04):
    x = np.zeros((n, MAX_LEN, 2), dtype=np.float32)
    length = rng.integers(20, MAX_LEN + 1, n)
    y = (rng.random(n) < rate).astype(np.float32)
    for k in range(n):
        t = np.arange(length[k])
        x[k, :length[k], 0] = np.sin(0.5 * t + rng.uniform(0, 6)) + rng.normal(0, 0.4, length[k])
        x[k, :length[k], 1] = rng.normal(0, 0.6, length[k])
        if y[k]:
            s = rng.integers(3, length[k] - 8)
            x[k, s:s + 6, 1] += 1.3 * np.array([1, -1, 1, -1, 1, -1])
    return torch.tensor(x), torch.tensor(length), torch.tensor(y)


class FaultDetector(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.inp = nn.Linear(2, 16)
        self.gru = nn.GRU(16, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, 1)
        nn.init.constant_(self.out.bias, -2.0)

    def forward(self, x, length):
        h = torch.tanh(self.inp(x))
        packed = pack_padded_sequence(h, length, batch_first=True, enforce_sorted=False)
        out, _ = nn.utils.rnn.pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=MAX_LEN)
        pad = torch.arange(MAX_LEN)[None] >= length[:, None]
        return self.out(out.masked_fill(pad[..., None], -1e4).amax(1)).squeeze(1)


def main():
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    xtr, ltr, ytr = make_sequences(4000, rng)
    xte, lte, yte = make_sequences(2000, rng)
    model = FaultDetector()
    loss_fn = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(8.0))
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    for step in range(450):
        i = torch.randint(0, len(xtr), (96,))
        loss = loss_fn(model(xtr[i], ltr[i]), ytr[i])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        if step % 100 == 0:
            print(f"step {step}  loss {loss.item():.4f}")
    model.eval()
    with torch.no_grad():
        p = model(xte, lte).sigmoid()
    print(f"average precision {average_precision_score(yte.numpy(), p.numpy()):.4f}   "
          f"prevalence {yte.mean().item():.4f}")


if __name__ == "__main__":
    main()
