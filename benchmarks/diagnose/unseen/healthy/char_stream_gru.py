"""Stateful character GRU on tiny Shakespeare with truncated back-propagation through time."""
import argparse
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


def options():
    p = argparse.ArgumentParser()
    p.add_argument("--chars", type=int, default=200_000)
    p.add_argument("--streams", type=int, default=24)
    p.add_argument("--bptt", type=int, default=24)
    p.add_argument("--hidden", type=int, default=96)
    p.add_argument("--lr", type=float, default=4e-3)
    p.add_argument("--passes", type=int, default=1)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


class CharGRU(nn.Module):
    def __init__(self, vocab, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab, 32)
        self.rnn = nn.GRU(32, hidden, batch_first=True)
        self.head = nn.Linear(hidden, vocab)

    def forward(self, x, h=None):
        out, h = self.rnn(self.embed(x), h)
        return self.head(out), h


def repackage(h):
    return None if h is None else h.detach()


def streams(ids, n):
    cut = (len(ids) - 1) // n * n
    return ids[:cut].view(n, -1), ids[1:cut + 1].view(n, -1)


def main():
    opt_ = options()
    torch.manual_seed(opt_.seed)
    root = os.environ.get("DATA_DIR", "../shared/data")
    text = open(os.path.join(root, "text", "tinyshakespeare.txt"), encoding="utf-8").read()[:opt_.chars]
    vocab = sorted(set(text))
    table = {c: i for i, c in enumerate(vocab)}
    ids = torch.tensor([table[c] for c in text])
    cut = int(0.9 * len(ids))
    train, val = ids[:cut], ids[cut:]
    model = CharGRU(len(vocab), opt_.hidden)
    opt = torch.optim.Adam(model.parameters(), lr=opt_.lr)
    xs, ys = streams(train, opt_.streams)
    for _ in range(opt_.passes):
        h = None
        for step, i in enumerate(range(0, xs.shape[1], opt_.bptt)):
            logits, h = model(xs[:, i:i + opt_.bptt], repackage(h))
            loss = F.cross_entropy(logits.flatten(0, 1), ys[:, i:i + opt_.bptt].flatten())
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            if step % 60 == 0:
                print(f"step {step} loss {loss.item():.4f}")
    with torch.no_grad():
        x, y = streams(val, 10)
        nll = F.cross_entropy(model(x)[0].flatten(0, 1), y.flatten()).item()
        freq = train.bincount(minlength=len(vocab)).float() + 1
        unigram = -(freq / freq.sum()).log()[val].mean().item()
    print(f"final validation nll {nll:.4f} (unigram {unigram:.4f})")


if __name__ == "__main__":
    main()
