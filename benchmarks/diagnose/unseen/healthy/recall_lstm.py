"""Remember the first symbol of a long sequence of distractors."""
import torch
import torch.nn as nn

torch.manual_seed(0)
K, T = 4, 40


def batch(n):
    seq = torch.randint(K, 2 * K, (n, T))          # distractor symbols K..2K-1
    target = torch.randint(0, K, (n,))
    seq[:, 0] = target
    return seq, target


class Memory(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.emb = nn.Embedding(2 * K, 16)
        self.lstm = nn.LSTM(16, hidden, batch_first=True)
        self.cls = nn.Linear(hidden, K)
        with torch.no_grad():                       # remember by default
            self.lstm.bias_ih_l0[hidden:2 * hidden].fill_(4.0)
            self.lstm.bias_ih_l0[:hidden].fill_(-1.0)

    def forward(self, s):
        out, _ = self.lstm(self.emb(s))
        return self.cls(out[:, -1])


model = Memory()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
running = None
for it in range(1, 301):
    s, t = batch(64)
    loss = nn.functional.cross_entropy(model(s), t)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    running = loss.item() if running is None else 0.9 * running + 0.1 * loss.item()
    if it % 50 == 0:
        with torch.no_grad():
            s, t = batch(500)
            acc = (model(s).argmax(-1) == t).float().mean().item()
        print(f"iter {it} loss {running:.4f} acc {acc:.3f} (chance {1 / K})")
