"""Route short token sequences to one of eight queues: the intent depends on two keywords."""
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Args:
    vocab: int = 120
    length: int = 14
    queues: int = 8
    emb: int = 32
    hidden: int = 64
    epochs: int = 12
    lr: float = 4e-3
    clip: float = 1.0


args = Args()
torch.manual_seed(13)


def make_tickets(n):
    tokens = torch.randint(20, args.vocab, (n, args.length))
    topic = torch.randint(0, 4, (n,))
    urgent = torch.randint(0, 2, (n,))
    rows = torch.arange(n)
    pos = torch.randint(0, args.length // 2, (n,))
    tokens[rows, pos] = topic * 2 + torch.randint(0, 2, (n,))
    pos = torch.randint(args.length // 2, args.length, (n,))
    tokens[rows, pos] = 10 + urgent * 3 + torch.randint(0, 3, (n,))
    return tokens, topic * 2 + urgent


class TicketEncoder(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.embed = nn.Embedding(args.vocab, args.emb)
        self.rnn = nn.GRU(args.emb, args.hidden, batch_first=True)

    def forward(self, tokens):
        out, h = self.rnn(self.embed(tokens))
        return out.mean(1), h[-1]


class Router(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.encoder = TicketEncoder(args)
        self.classifier = nn.Sequential(
            nn.Linear(2 * args.hidden, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, args.queues))

    @torch.no_grad()
    def encode(self, tokens):
        pooled, last = self.encoder(tokens)
        return torch.cat([pooled, last], dim=1)

    def forward(self, tokens):
        features = self.encode(tokens)
        return self.classifier(features)


train_set = TensorDataset(*make_tickets(4000))
xv, yv = make_tickets(1000)
loader = DataLoader(train_set, batch_size=100, shuffle=True)
model = Router(args)
opt = torch.optim.Adam(model.parameters(), lr=args.lr)
crit = nn.CrossEntropyLoss()
for epoch in range(args.epochs):
    model.train()
    tot = 0.0
    for xb, yb in loader:
        opt.zero_grad()
        loss = crit(model(xb), yb)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), args.clip)
        opt.step()
        tot += loss.item()
    model.eval()
    with torch.no_grad():
        acc = (model(xv).argmax(1) == yv).float().mean().item()
    print(f"epoch {epoch + 1} loss {tot / len(loader):.3f} val_acc {acc:.3f}")
print(f"val_acc {acc:.4f}")
