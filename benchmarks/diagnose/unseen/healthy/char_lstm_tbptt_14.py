"""Char LSTM with truncated BPTT, hidden state carried over, warm-up + cosine, gradient clipping."""
import argparse
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F


class CharLSTM(nn.Module):
    def __init__(self, vocab, emb=32, hidden=96):
        super().__init__()
        self.emb = nn.Embedding(vocab, emb)
        self.lstm = nn.LSTM(emb, hidden, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(hidden, vocab)

    def forward(self, x, state=None):
        h, state = self.lstm(self.emb(x), state)
        return self.out(self.drop(h)), state


def repackage(state):
    return tuple(s.detach() for s in state)


def streams(ids, batch):
    n = len(ids) // batch
    return ids[:n * batch].view(batch, n)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--steps", type=int, default=500)
    p.add_argument("--warmup", type=int, default=60)
    p.add_argument("--bptt", type=int, default=40)
    p.add_argument("--lr", type=float, default=6e-3)
    args = p.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(int(os.environ.get("SEED", 0)))

    path = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")
    text = open(path).read()[:800000]
    vocab = sorted(set(text))
    stoi = {c: i for i, c in enumerate(vocab)}
    ids = torch.tensor([stoi[c] for c in text])
    train, val = streams(ids[:760000], 32), streams(ids[760000:], 32)

    model = CharLSTM(len(vocab))
    opt = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.01)
    sched = torch.optim.lr_scheduler.LambdaLR(
        opt, lambda s: s / args.warmup if s < args.warmup
        else 0.5 * (1 + math.cos(math.pi * (s - args.warmup) / (args.steps - args.warmup))))
    state = None
    for step in range(args.steps):
        i = step * args.bptt
        x, y = train[:, i:i + args.bptt], train[:, i + 1:i + 1 + args.bptt]
        logits, state = model(x, state)
        state = repackage(state)
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        opt.step()
        sched.step()
        if step % 100 == 0:
            print(f"step {step} loss {loss.item():.3f} grad norm {norm:.2f}")

    model.eval()
    with torch.no_grad():
        logits, _ = model(val[:, :-1])
        ce = F.cross_entropy(logits.flatten(0, 1), val[:, 1:].flatten()).item()
    freq = torch.bincount(train.flatten(), minlength=len(vocab)).float() + 1
    base = F.cross_entropy((freq / freq.sum()).log().expand(val.numel(), -1), val.flatten()).item()
    print(f"val loss {ce:.3f}  unigram baseline {base:.3f}")


if __name__ == "__main__":
    main()
