from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset


@dataclass
class Cfg:
    kinds: int = 6
    vocab: int = 24
    emb: int = 16
    hidden: int = 48
    min_len: int = 50
    max_len: int = 90
    batch: int = 64
    epochs: int = 3
    lr: float = 5e-3
    clip: float = 1.0


class EventLogs(Dataset):
    """The first event names the session type, the rest is traffic."""

    def __init__(self, n, cfg, seed):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(n):
            length = int(torch.randint(cfg.min_len, cfg.max_len + 1, (1,), generator=g))
            body = torch.randint(cfg.kinds + 1, cfg.vocab, (length,), generator=g)
            label = int(torch.randint(0, cfg.kinds, (1,), generator=g))
            body[0] = label + 1
            self.items.append((body, label))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True), lengths, torch.tensor(labels)


class SessionClassifier(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.embed = nn.Embedding(cfg.vocab, cfg.emb, padding_idx=0)
        self.rnn = nn.LSTM(cfg.emb, cfg.hidden, batch_first=True)
        self.head = nn.Sequential(nn.LayerNorm(cfg.hidden), nn.Linear(cfg.hidden, cfg.kinds))
        self.reset(cfg.hidden)

    def reset(self, h):
        for name, p in self.rnn.named_parameters():
            if name.startswith("weight_hh"):
                for block in p.data.split(h):
                    nn.init.orthogonal_(block)
            elif name.startswith("weight_ih"):
                nn.init.xavier_uniform_(p)
            else:
                nn.init.zeros_(p)
        self.rnn.bias_hh_l0.data[:h].fill_(4.0)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.embed(tokens), lengths, batch_first=True, enforce_sorted=False)
        _, (hn, _) = self.rnn(packed)
        return self.head(hn[-1])


class Trainer:
    def __init__(self, cfg):
        torch.manual_seed(21)
        self.cfg = cfg
        self.model = SessionClassifier(cfg)
        self.opt = torch.optim.Adam(self.model.parameters(), lr=cfg.lr)
        self.loss = nn.CrossEntropyLoss()
        self.train = DataLoader(EventLogs(2048, cfg, 1), cfg.batch, shuffle=True, collate_fn=collate)
        self.valid = DataLoader(EventLogs(512, cfg, 2), 256, collate_fn=collate)

    def fit(self):
        for epoch in range(self.cfg.epochs):
            total = 0.0
            for tokens, lengths, y in self.train:
                loss = self.loss(self.model(tokens, lengths), y)
                self.opt.zero_grad(set_to_none=True)
                loss.backward()
                nn.utils.clip_grad_norm_(self.model.parameters(), self.cfg.clip)
                self.opt.step()
                total += loss.item()
            print(f"epoch {epoch} loss {total / len(self.train):.4f} acc {self.score():.3f}")

    @torch.no_grad()
    def score(self):
        hits = sum((self.model(t, n).argmax(1) == y).sum().item() for t, n, y in self.valid)
        return hits / len(self.valid.dataset)


if __name__ == "__main__":
    t = Trainer(Cfg())
    t.fit()
    print(f"metric {t.score():.4f}")
