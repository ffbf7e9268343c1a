import torch
import torch.nn as nn

torch.manual_seed(0)
text = open("../shared/data/text/tinyshakespeare.txt").read()[:60000]
chars = sorted(set(text))
lookup = {c: i for i, c in enumerate(chars)}
ids = torch.tensor([lookup[c] for c in text])
L = 16


class NextChar(nn.Module):
    def __init__(self, vocab, emb=24, hidden=64):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb)
        self.gru = nn.GRU(emb, hidden, batch_first=True)
        self.classifier = nn.Sequential(nn.Linear(hidden, 64), nn.ReLU(), nn.Linear(64, vocab))

    def forward(self, x):
        _, h = self.gru(self.embedding(x))
        features = h[-1].data
        return self.classifier(features)


def batches(lo, hi, n, count):
    for _ in range(count):
        s = torch.randint(lo, hi - L - 1, (n,))
        yield torch.stack([ids[i:i + L] for i in s]), ids[s + L]


net = NextChar(len(chars))
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
criterion = nn.CrossEntropyLoss()
net.train()
for step, (x, y) in enumerate(batches(0, 54000, 64, 300)):
    opt.zero_grad()
    loss = criterion(net(x), y)
    loss.backward()
    opt.step()
    if step % 60 == 0:
        print(step, loss.item())

net.eval()
with torch.no_grad():
    x, y = next(batches(54000, 60000, 2000, 1))
    print("val loss", criterion(net(x), y).item())
