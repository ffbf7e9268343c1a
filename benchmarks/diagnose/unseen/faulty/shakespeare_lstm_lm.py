"""Character language model after the PyTorch word_language_model example."""
import math
import os
import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", "1111")))

data_dir = os.environ.get("DATA_DIR", "../shared/data")
emsize, nhid = 32, 96
batch_size, bptt = 20, 35
lr = 20.0
log_interval = 100
max_batches = 300
epochs = 2


class Corpus:
    def __init__(self, path, n_train=220000, n_valid=15000):
        with open(path, encoding="utf8") as f:
            text = f.read()[: n_train + n_valid]
        self.chars = sorted(set(text))
        lookup = {c: i for i, c in enumerate(self.chars)}
        ids = torch.tensor([lookup[c] for c in text])
        self.train, self.valid = ids[:n_train], ids[n_train:]


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    return data[: nbatch * bsz].view(bsz, -1).t().contiguous()


def get_batch(source, i):
    seq_len = min(bptt, len(source) - 1 - i)
    return source[i:i + seq_len], source[i + 1:i + 1 + seq_len].reshape(-1)


class RNNModel(nn.Module):
    def __init__(self, ntoken):
        super().__init__()
        self.encoder = nn.Embedding(ntoken, emsize)
        self.rnn = nn.LSTM(emsize, nhid)
        self.decoder = nn.Linear(nhid, ntoken)
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.uniform_(self.decoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, x, hidden):
        output, hidden = self.rnn(self.encoder(x), hidden)
        return self.decoder(output).view(-1, self.decoder.out_features), hidden

    def init_hidden(self, bsz):
        return torch.zeros(1, bsz, nhid), torch.zeros(1, bsz, nhid)


def repackage_hidden(h):
    return tuple(v.detach() for v in h)


corpus = Corpus(os.path.join(data_dir, "text", "tinyshakespeare.txt"))
train_data = batchify(corpus.train, batch_size)
val_data = batchify(corpus.valid, 10)
model = RNNModel(len(corpus.chars))
criterion = nn.CrossEntropyLoss()


def evaluate(source):
    model.eval()
    total, count = 0.0, 0
    hidden = model.init_hidden(10)
    with torch.no_grad():
        for i in range(0, source.size(0) - 1, bptt):
            data, targets = get_batch(source, i)
            output, hidden = model(data, hidden)
            total += criterion(output, targets).item() * len(targets)
            count += len(targets)
    return total / count


def train(epoch):
    model.train()
    total_loss = 0.0
    hidden = model.init_hidden(batch_size)
    for batch, i in enumerate(range(0, train_data.size(0) - 1, bptt)):
        if batch == max_batches:
            break
        data, targets = get_batch(train_data, i)
        hidden = repackage_hidden(hidden)
        model.zero_grad()
        output, hidden = model(data, hidden)
        loss = criterion(output, targets)
        loss.backward()
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-lr)
        total_loss += loss.item()
        if (batch + 1) % log_interval == 0:
            print(f"| epoch {epoch} | batch {batch + 1:4d} | lr {lr:.2f} | loss {total_loss / log_interval:.3f}")
            total_loss = 0.0


best = None
for epoch in range(1, epochs + 1):
    train(epoch)
    val_loss = evaluate(val_data)
    print(f"end of epoch {epoch}: valid loss {val_loss:.3f}")
    if best is None or val_loss < best:
        best = val_loss
    else:
        lr /= 4.0
print(f"final valid loss: {evaluate(val_data):.4f} nats per character")
