"""Classify a sequence by its opening symbol; the rest is distraction."""
import torch
import torch.nn as nn


class Recurrent(nn.Module):
    def __init__(self, vocab, dim, hidden):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.i2h = nn.Linear(dim, hidden)
        self.h2h = nn.Linear(hidden, hidden, bias=False)
        nn.init.orthogonal_(self.h2h.weight)
        self.act = nn.Sigmoid()
        self.readout = nn.Linear(hidden, 4)

    def forward(self, tokens):
        h = torch.zeros(tokens.size(0), self.h2h.in_features)
        e = self.emb(tokens)
        for t in range(tokens.size(1)):
            h = self.act(self.i2h(e[:, t]) + self.h2h(h))
        return self.readout(h)


def batch(n, length=18):
    first = torch.randint(0, 4, (n,))
    rest = torch.randint(4, 8, (n, length - 1))
    return torch.cat([first[:, None], rest], 1), first


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Recurrent(8, 16, 64)
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(250):
        seq, target = batch(64)
        loss = nn.functional.cross_entropy(model(seq), target)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        if step % 50 == 49:
            print("step", step + 1, "loss", round(loss.item(), 4))
    with torch.no_grad():
        seq, target = batch(500)
        print("accuracy", (model(seq).argmax(-1) == target).float().mean().item())
