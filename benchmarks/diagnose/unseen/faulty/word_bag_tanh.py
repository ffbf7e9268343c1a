# Speaker-of-window classifier: predicts the next letter's group from a window of embedded characters
import torch
import torch.nn as nn

torch.manual_seed(0)
text = open("../shared/data/text/tinyshakespeare.txt").read()[:120000].lower()
vocab = {c: k for k, c in enumerate(sorted(set(text)))}
ids = torch.tensor([vocab[c] for c in text])
kind = torch.tensor([0 if c in "aeiou" else 1 if c.isalpha() else 2 for c in text])
W = 5


class WindowModel(nn.Module):
    def __init__(self, d=24):
        super().__init__()
        self.emb = nn.Embedding(len(vocab), d)
        nn.init.normal_(self.emb.weight, std=60.0)
        self.proj = nn.Linear(W * d, 64)
        self.mix = nn.Linear(64, 64)
        self.head = nn.Linear(64, 3)

    def forward(self, x):
        e = self.emb(x).flatten(1)
        h = torch.tanh(self.proj(e))
        h = torch.tanh(self.mix(h))
        return self.head(h)


def get(idx):
    return ids[idx[:, None] + torch.arange(W)], kind[idx + W]


model = WindowModel()
opt = torch.optim.RMSprop(model.parameters(), lr=1e-3)
crit = nn.CrossEntropyLoss()
for step in range(600):
    x, y = get(torch.randint(0, 100000, (128,)))
    loss = crit(model(x), y)
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print("step", step, "loss", loss.item())
with torch.no_grad():
    x, y = get(torch.arange(100000, 119000))
    print("test loss", crit(model(x), y).item())
