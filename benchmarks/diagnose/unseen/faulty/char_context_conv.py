import argparse
import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--text", default="../shared/data/text/tinyshakespeare.txt")
parser.add_argument("--context", type=int, default=12)
parser.add_argument("--steps", type=int, default=300)
parser.add_argument("--batch", type=int, default=128)
parser.add_argument("--lr", type=float, default=0.3)
args = parser.parse_args()

torch.manual_seed(11)
text = open(args.text).read()[:120000]
vocab = sorted(set(text))
stoi = {c: i for i, c in enumerate(vocab)}
ids = torch.tensor([stoi[c] for c in text])
split = int(0.9 * len(ids))


def batch(lo, hi, n):
    s = torch.randint(lo, hi - args.context - 1, (n,))
    x = torch.stack([ids[i:i + args.context] for i in s])
    return x, ids[s + args.context]


class CharConv(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(vocab), 24)
        self.c1 = nn.Conv1d(24, 64, 3)
        self.c2 = nn.Conv1d(64, 64, 3)
        self.fc = nn.Linear(64 * (args.context - 4), 96)
        self.out = nn.Linear(96, len(vocab))

    def forward(self, x):
        h = self.emb(x).transpose(1, 2)
        h = F.relu(self.c1(h))
        h = F.relu(self.c2(h))
        h = F.relu(self.fc(h.flatten(1)))
        return self.out(h)


net = CharConv()
opt = torch.optim.Adam(net.parameters(), lr=args.lr)
for step in range(args.steps):
    x, y = batch(0, split, args.batch)
    loss = F.cross_entropy(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(step, round(loss.item(), 4))

with torch.no_grad():
    x, y = batch(split, len(ids), 2000)
    logits = net(x)
    print("val acc", (logits.argmax(1) == y).float().mean().item())
