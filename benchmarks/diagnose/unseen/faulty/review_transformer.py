"""Tiny transformer encoder for order-sensitive sentence classification."""
import math

import torch
torch.set_num_threads(1)
import torch.nn as nn

VOCAB, SEQ, CLASSES = 60, 16, 2
gen = torch.Generator().manual_seed(5)
torch.manual_seed(5)


def build_corpus(n):
    """Polarity words flip when a negation word stands right before them; label = sign of the total."""
    tokens = torch.randint(20, VOCAB, (n, SEQ), generator=gen)
    score = torch.zeros(n)
    for pos in range(1, SEQ, 8):
        polarity = torch.randint(0, 2, (n,), generator=gen)
        word = torch.randint(0, 5, (n,), generator=gen) + 5 * polarity + 2
        negated = torch.rand(n, generator=gen) < 0.5
        tokens[:, pos] = word
        tokens[:, pos - 1] = torch.where(negated, torch.randint(12, 15, (n,), generator=gen), tokens[:, pos - 1])
        score += (polarity * 2 - 1) * torch.where(negated, -1, 1)
    return tokens, (score > 0.5).long()


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=64):
        super().__init__()
        position = torch.arange(max_len).unsqueeze(1)
        div = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, d_model)
        pe[:, 0::2] = torch.sin(position * div)
        pe[:, 1::2] = torch.cos(position * div)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return x + self.pe[: x.size(1)]


class SentimentModel(nn.Module):
    def __init__(self, d_model=32, nhead=4, layers=2):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, d_model)
        self.pos = PositionalEncoding(d_model)
        block = nn.TransformerEncoderLayer(d_model, nhead, dim_feedforward=64, dropout=0.0,
                                           batch_first=True, activation="gelu", norm_first=True)
        self.encoder = nn.TransformerEncoder(block, layers, enable_nested_tensor=False)
        self.classifier = nn.Sequential(nn.LayerNorm(d_model), nn.Linear(d_model, 32), nn.GELU(),
                                        nn.Linear(32, CLASSES))

    def encode(self, ids):
        hidden = self.encoder(self.pos(self.embedding(ids)))
        return hidden.mean(dim=1)

    def forward(self, ids):
        sentence = self.encode(ids).data
        return self.classifier(sentence)


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        acc = (model(x).argmax(-1) == y).float().mean().item()
    model.train()
    return acc


x_train, y_train = build_corpus(8000)
x_test, y_test = build_corpus(1000)
model = SentimentModel()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()

step = 0
for epoch in range(6):
    for batch in torch.randperm(len(x_train)).split(64):
        loss = criterion(model(x_train[batch]), y_train[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 100 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    print(f"epoch {epoch} accuracy {accuracy(model, x_test, y_test):.3f}")
print(f"final accuracy {accuracy(model, x_test, y_test):.4f}")
