import random
import torch
import torch.nn as nn

torch.set_num_threads(1)
random.seed(8)
torch.manual_seed(8)

PAD, BOS = 0, 1
VOCAB = 18
LEN = 6


class Encoder(nn.Module):
    def __init__(self, emb, hid):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, emb, padding_idx=PAD)
        self.gru = nn.GRU(emb, hid, batch_first=True)

    def forward(self, src):
        _, h = self.gru(self.embedding(src))
        return h


class Decoder(nn.Module):
    def __init__(self, emb, hid):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, emb)
        self.gru = nn.GRU(emb, hid, batch_first=True)
        self.proj = nn.Linear(hid, VOCAB)

    def forward(self, tok, h):
        o, h = self.gru(self.embedding(tok), h)
        return self.proj(o), h


def repackage_hidden(h):
    """Wraps hidden states in new tensors."""
    if isinstance(h, torch.Tensor):
        return h.data
    return tuple(repackage_hidden(v) for v in h)


class Seq2Seq(nn.Module):
    def __init__(self, emb=24, hid=72):
        super().__init__()
        self.encoder = Encoder(emb, hid)
        self.decoder = Decoder(emb, hid)

    def forward(self, src, tgt_in):
        hidden = repackage_hidden(self.encoder(src))
        logits, _ = self.decoder(tgt_in, hidden)
        return logits

    @torch.no_grad()
    def greedy(self, src):
        h = self.encoder(src)
        tok = torch.full((len(src), 1), BOS)
        out = []
        for _ in range(src.shape[1]):
            lg, h = self.decoder(tok, h)
            tok = lg.argmax(-1)
            out.append(tok)
        return torch.cat(out, 1)


class Seq2SeqTrainer:
    def __init__(self, model, lr=6e-3, steps=450, batch=64):
        self.model = model
        self.optimizers = {
            "enc": torch.optim.Adam(model.encoder.parameters(), lr=lr),
            "dec": torch.optim.Adam(model.decoder.parameters(), lr=lr),
        }
        self.steps, self.batch = steps, batch
        self.crit = nn.CrossEntropyLoss()

    def make_batch(self, n):
        src = torch.randint(2, VOCAB, (n, LEN))
        tgt = src.flip(1)
        tin = torch.cat([torch.full((n, 1), BOS), tgt[:, :-1]], 1)
        return src, tin, tgt

    def train(self):
        for step in range(1, self.steps + 1):
            src, tin, tgt = self.make_batch(self.batch)
            logits = self.model(src, tin)
            loss = self.crit(logits.flatten(0, 1), tgt.flatten())
            for o in self.optimizers.values():
                o.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            for o in self.optimizers.values():
                o.step()
            if step % 75 == 0:
                print(f"step {step}: loss {loss.item():.4f}")

    def evaluate(self):
        src, _, tgt = self.make_batch(500)
        pred = self.model.greedy(src)
        return (pred == tgt).float().mean().item()


trainer = Seq2SeqTrainer(Seq2Seq())
trainer.train()
print(f"greedy token accuracy {trainer.evaluate():.4f}")
