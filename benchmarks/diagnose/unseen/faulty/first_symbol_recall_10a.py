"""Sequence task: report the symbol that opened the sequence after a run of distractors."""
import argparse

import torch
import torch.nn as nn

N_SYMBOLS = 6
N_NOISE = 4


def sample(batch, length, gen):
    first = torch.randint(0, N_SYMBOLS, (batch,), generator=gen)
    noise = torch.randint(N_SYMBOLS, N_SYMBOLS + N_NOISE, (batch, length - 1), generator=gen)
    return torch.cat([first[:, None], noise], dim=1), first


class Recaller(nn.Module):
    def __init__(self, vocab, emb=16, hidden=48):
        super().__init__()
        self.embed = nn.Embedding(vocab, emb)
        self.rnn = nn.RNN(emb, hidden, batch_first=True)
        self.readout = nn.Linear(hidden, N_SYMBOLS)

    def forward(self, tokens):
        out, _ = self.rnn(self.embed(tokens))
        return self.readout(out[:, -1])


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--length", type=int, default=40)
    ap.add_argument("--steps", type=int, default=600)
    ap.add_argument("--lr", type=float, default=3e-3)
    ap.add_argument("--batch", type=int, default=64)
    args = ap.parse_args()

    torch.manual_seed(11)
    gen = torch.Generator().manual_seed(12)
    model = Recaller(N_SYMBOLS + N_NOISE)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    ce = nn.CrossEntropyLoss()

    running = None
    for step in range(1, args.steps + 1):
        x, y = sample(args.batch, args.length, gen)
        loss = ce(model(x), y)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        running = loss.item() if running is None else 0.95 * running + 0.05 * loss.item()
        if step % 100 == 0:
            print(f"step {step} loss {running:.4f}")

    model.eval()
    with torch.no_grad():
        x, y = sample(1000, args.length, gen)
        acc = (model(x).argmax(1) == y).float().mean().item()
    print("held-out recall accuracy", round(acc, 4))


if __name__ == "__main__":
    main()
