# Word-level language model, after pytorch/examples word_language_model
import argparse
import math
import os
import re
from collections import Counter

import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--emsize", type=int, default=64)
parser.add_argument("--nhid", type=int, default=64)
parser.add_argument("--lr", type=float, default=10.0)
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--batch_size", type=int, default=20)
parser.add_argument("--bptt", type=int, default=35)
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.set_num_threads(1)
torch.manual_seed(args.seed)

path = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")
tokens = re.findall(r"[a-z']+|[.,;:?!\n]", open(path).read().lower())[:110000]
vocab = ["<unk>"] + [w for w, _ in Counter(tokens).most_common(799)]
word2idx = {w: i for i, w in enumerate(vocab)}
data = torch.tensor([word2idx.get(w, 0) for w in tokens])
ntokens = len(vocab)


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    return data[:nbatch * bsz].view(bsz, -1).t().contiguous()


train_data = batchify(data[:100000], args.batch_size)
val_data = batchify(data[100000:], 10)


class RNNModel(nn.Module):
    def __init__(self, ntoken, ninp, nhid):
        super().__init__()
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.RNN(ninp, nhid, nonlinearity="relu")
        self.decoder = nn.Linear(nhid, ntoken)
        self.nhid = nhid
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)
        nn.init.uniform_(self.decoder.weight, -0.1, 0.1)

    def forward(self, input, hidden):
        output, hidden = self.rnn(self.encoder(input), hidden)
        return self.decoder(output).view(-1, ntokens), hidden

    def init_hidden(self, bsz):
        return next(self.parameters()).new_zeros(1, bsz, self.nhid)


model = RNNModel(ntokens, args.emsize, args.nhid)
criterion = nn.CrossEntropyLoss()


def get_batch(source, i):
    seq_len = min(args.bptt, len(source) - 1 - i)
    return source[i:i + seq_len], source[i + 1:i + 1 + seq_len].view(-1)


def evaluate(source):
    model.eval()
    total, hidden = 0.0, model.init_hidden(source.size(1))
    with torch.no_grad():
        for i in range(0, source.size(0) - 1, args.bptt):
            inp, targets = get_batch(source, i)
            output, hidden = model(inp, hidden)
            total += len(inp) * criterion(output, targets).item()
    return total / (len(source) - 1)


def train(epoch):
    model.train()
    hidden = model.init_hidden(args.batch_size)
    for batch, i in enumerate(range(0, train_data.size(0) - 1, args.bptt)):
        inp, targets = get_batch(train_data, i)
        model.zero_grad()
        hidden = hidden.detach()
        output, hidden = model(inp, hidden)
        loss = criterion(output, targets)
        loss.backward()
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-args.lr)
        if batch % 50 == 0:
            print(f"| epoch {epoch} | batch {batch:4d} | loss {loss.item():.3f}")


for epoch in range(1, args.epochs + 1):
    train(epoch)
    print(f"| end of epoch {epoch} | valid loss {evaluate(val_data):.4f}")
print(f"final valid loss {evaluate(val_data):.4f}")
