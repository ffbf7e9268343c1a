import torch
import torch.nn as nn

torch.manual_seed(0)
raw = open("../shared/data/text/tinyshakespeare.txt").read()[:80000].lower()
vocab = sorted(set(raw))
enc = torch.tensor([vocab.index(c) for c in raw])
CTX, DIM = 20, 48


class TinyTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(len(vocab), DIM)
        self.pos = nn.Parameter(torch.zeros(1, CTX, DIM))
        layer = nn.TransformerEncoderLayer(DIM, 4, 96, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.proj = nn.Linear(DIM, len(vocab))
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(CTX))

    def forward(self, x):
        h = self.tok(x) + self.pos
        h = self.encoder(h, mask=self.mask)
        return self.proj(h)


def batch(start, stop, n=24):
    i = torch.randint(start, stop - CTX - 1, (n,)).tolist()
    x = torch.stack([enc[k:k + CTX] for k in i])
    y = torch.stack([enc[k + 1:k + CTX + 1] for k in i])
    return x, y


model = TinyTransformer()
criterion = nn.NLLLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in range(220):
    x, y = batch(0, 72000)
    scores = model(x)
    loss = criterion(scores.reshape(-1, len(vocab)), y.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print("step", step, "loss", loss.item())

model.eval()
with torch.no_grad():
    x, y = batch(72000, 80000, 100)
    print("val accuracy", (model(x).argmax(-1) == y).float().mean().item())
