"""Neural probabilistic language model (Bengio 2003) on tiny Shakespeare, makemore style."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
seed = int(os.environ.get("SEED", 1337))
g = torch.Generator().manual_seed(seed)
torch.manual_seed(seed)

# ---- data -------------------------------------------------------------
data_dir = os.environ.get("DATA_DIR", "../shared/data")
text = open(os.path.join(data_dir, "text", "tinyshakespeare.txt")).read()[:200000]
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
tokens = torch.tensor([stoi[c] for c in text])
block_size = 8
X = tokens.unfold(0, block_size, 1)[:-1]
Y = tokens[block_size:]
n1 = int(0.9 * len(X))
Xtr, Ytr, Xte, Yte = X[:n1], Y[:n1], X[n1:], Y[n1:]

# ---- model ------------------------------------------------------------
n_embd, n_hidden = 16, 128


class CharMLP(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.wte = nn.Embedding(vocab_size, n_embd)
        self.fc1 = nn.Linear(block_size * n_embd, n_hidden)
        self.fc2 = nn.Linear(n_hidden, n_hidden)
        self.lm_head = nn.Linear(n_hidden, vocab_size)

    def forward(self, idx):
        x = self.wte(idx).flatten(1)
        x = F.gelu(self.fc1(x))
        x = F.gelu(self.fc2(x))
        return self.lm_head(x)


model = CharMLP(len(chars)).to(torch.bfloat16)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)

# ---- training ---------------------------------------------------------
max_steps = 3000
batch_size = 64


@torch.no_grad()
def split_loss(x, y, n=8000):
    logits = model(x[:n])
    return F.cross_entropy(logits.float(), y[:n]).item()


for step in range(max_steps):
    ix = torch.randint(0, len(Xtr), (batch_size,), generator=g)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(Xtr[ix])
    loss = F.cross_entropy(logits.float(), Ytr[ix])
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if step % 500 == 0:
        print(f"step {step:5d}/{max_steps}: loss {loss.item():.4f}")

freq = torch.bincount(Ytr, minlength=len(chars)).float()
unigram = F.cross_entropy((freq + 1).log().expand(8000, -1), Yte[:8000]).item()
print(f"unigram loss: {unigram:.4f}")
print(f"final test loss: {split_loss(Xte, Yte):.4f}")
