import os
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
FILE = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text/tinyshakespeare.txt")
letters = "abcdefghijklmnopqrstuvwxyz "
raw = open(FILE, encoding="utf-8").read(250000).lower()
text = " ".join("".join(c if c in letters else " " for c in raw).split())
seq = torch.tensor([letters.index(c) for c in text])
cut = int(len(seq) * 0.9)
train, held = seq[:cut], seq[cut:]


class NeuralHMM(nn.Module):
    """Hidden Markov model whose tables come from state embeddings through shared layers."""

    def __init__(self, states=24, dim=32, symbols=27):
        super().__init__()
        self.state = nn.Parameter(torch.randn(states, dim))
        self.symbol = nn.Parameter(torch.randn(symbols, dim))
        self.shared = nn.Linear(dim, dim)
        self.to_next = nn.Linear(dim, dim)
        self.to_symbol = nn.Linear(dim, dim)
        self.start = nn.Parameter(torch.zeros(states))

    def tables(self):
        h = self.shared(self.state)
        h = self.state + h * torch.sigmoid(1.702 * h)
        scale = 1 / math.sqrt(self.state.shape[1])
        log_a = F.log_softmax(self.to_next(h) @ self.state.T * scale, dim=1)
        log_b = F.log_softmax(self.to_symbol(h) @ self.symbol.T * scale, dim=1)
        return F.log_softmax(self.start, 0), log_a, log_b

    def log_likelihood(self, x):
        log_pi, log_a, log_b = self.tables()
        a, emit = log_a.exp(), log_b.exp().T[x]
        alpha = log_pi.exp() * emit[:, 0]
        for t in range(1, x.shape[1]):
            alpha = torch.einsum("bi,ij->bj", alpha, a) * emit[:, t]
        return torch.log(alpha.sum(dim=1) + 1e-30)


def windows(source, length, n):
    start = torch.randint(0, len(source) - length, (n,))
    return source[start[:, None] + torch.arange(length)]


def bits(model, length=10, n=2000):
    torch.manual_seed(99)
    with torch.no_grad():
        ll = model.log_likelihood(windows(held, length, n))
    return -ll.mean().item() / length / math.log(2)


model = NeuralHMM()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(300):
    batch = windows(train, 48, 32)
    loss = -model.log_likelihood(batch).mean() / batch.shape[1]
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    if step % 50 == 0:
        print(f"step {step} nll per letter {loss.item():.4f}")
freq = train.bincount(minlength=27).float() / len(train)
unigram = -(freq[held].log2()).mean().item()
print(f"held-out bits per letter {bits(model):.4f} (letter frequencies {unigram:.4f})")
