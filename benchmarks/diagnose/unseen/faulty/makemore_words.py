# makemore, part 3-ish: deeper character MLP on words of the shakespeare file
import os
import random
import re

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
random.seed(SEED)

text = open(os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")).read()
words = sorted(set(w for w in re.findall(r"[a-z]+", text.lower()) if len(w) > 2))
random.shuffle(words)
chars = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
vocab_size = len(stoi)
block_size = 4


def build_dataset(words):
    X, Y = [], []
    for w in words:
        context = [0] * block_size
        for ch in w + ".":
            ix = stoi[ch]
            X.append(context)
            Y.append(ix)
            context = context[1:] + [ix]
    return torch.tensor(X), torch.tensor(Y)


n1 = int(0.9 * len(words))
Xtr, Ytr = build_dataset(words[:n1])
Xdev, Ydev = build_dataset(words[n1:])

g = torch.Generator().manual_seed(2147483647 + SEED)
n_embd, n_hidden, n_layers = 10, 100, 4

C = torch.randn((vocab_size, n_embd), generator=g)
Ws, bs = [], []
fan_in = n_embd * block_size
for _ in range(n_layers):
    Ws.append(torch.randn((fan_in, n_hidden), generator=g))
    bs.append(torch.randn(n_hidden, generator=g) * 0.01)
    fan_in = n_hidden
Wo = torch.randn((n_hidden, vocab_size), generator=g) * 0.01
bo = torch.zeros(vocab_size)

parameters = [C] + Ws + bs + [Wo, bo]
print("parameters:", sum(p.nelement() for p in parameters))
for p in parameters:
    p.requires_grad = True


def logits_of(X):
    h = C[X].view(X.shape[0], -1)
    for W, b in zip(Ws, bs):
        h = torch.tanh(h @ W + b)
    return h @ Wo + bo


max_steps, batch_size = 4000, 64
for i in range(max_steps):
    ix = torch.randint(0, Xtr.shape[0], (batch_size,), generator=g)
    loss = F.cross_entropy(logits_of(Xtr[ix]), Ytr[ix])

    for p in parameters:
        p.grad = None
    loss.backward()

    lr = 0.1 if i < 3000 else 0.01
    for p in parameters:
        p.data += -lr * p.grad

    if i % 500 == 0:
        print(f"{i:7d}/{max_steps:7d}: {loss.item():.4f}")


@torch.no_grad()
def split_loss(X, Y):
    return F.cross_entropy(logits_of(X), Y).item()


print(f"train {split_loss(Xtr[:20000], Ytr[:20000]):.4f}")
print(f"dev loss {split_loss(Xdev, Ydev):.4f}")
