"""Unaligned sequence transcription: bidirectional GRU + CTC."""
import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(55)

SYMS, FEAT, T = 6, 8, 40
proto = torch.randn(SYMS + 1, FEAT)


def utterances(n):
    x = 0.35 * torch.randn(n, T, FEAT)
    labels, lens = torch.zeros(n, 7, dtype=torch.long), torch.zeros(n, dtype=torch.long)
    for i in range(n):
        pos = int(torch.randint(0, 4, (1,)))
        k = 0
        while k < 7:
            dur = int(torch.randint(3, 7, (1,)))
            if pos + dur > T:
                break
            s = int(torch.randint(1, SYMS + 1, (1,)))
            x[i, pos:pos + dur] += proto[s]
            labels[i, k] = s
            k += 1
            pos += dur + int(torch.randint(1, 4, (1,)))
        lens[i] = k
    return x, labels, lens


class Reader(nn.Module):
    def __init__(self, hid=40):
        super().__init__()
        self.front = nn.Conv1d(FEAT, 32, 3, padding=1)
        self.rnn = nn.GRU(32, hid, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * hid, SYMS + 1)

    def forward(self, x):
        h = torch.relu(self.front(x.transpose(1, 2))).transpose(1, 2)
        return self.fc(self.rnn(h)[0]).log_softmax(-1)


def greedy(logp):
    seqs = []
    for row in logp.argmax(-1).tolist():
        out, prev = [], 0
        for s in row:
            if s != prev and s != 0:
                out.append(s)
            prev = s
        seqs.append(out)
    return seqs


def edit(a, b):
    d = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        prev, d[0] = d[0], i
        for j, cb in enumerate(b, 1):
            prev, d[j] = d[j], min(d[j] + 1, d[j - 1] + 1, prev + (ca != cb))
    return d[-1]


class Trainer:
    def __init__(self):
        self.net = Reader()
        self.ctc = nn.CTCLoss(blank=0, zero_infinity=True)
        self.opt = torch.optim.Adam(self.net.parameters(), lr=6e-3)
        self.train_data = utterances(900)
        self.test_data = utterances(200)

    def fit(self, epochs=6, bs=32):
        x, y, l = self.train_data
        for ep in range(epochs):
            tot = 0.0
            for b in torch.randperm(len(x)).split(bs):
                lp = self.net(x[b]).transpose(0, 1)
                loss = self.ctc(lp, y[b], torch.full((len(b),), T), l[b])
                self.opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
                self.opt.step()
                tot += loss.item() * len(b)
            print(f"epoch {ep} ctc {tot / len(x):.4f} token error {self.error_rate():.3f}")

    @torch.no_grad()
    def error_rate(self):
        x, y, l = self.test_data
        hyp = greedy(self.net(x))
        err = sum(edit(h, y[i, :l[i]].tolist()) for i, h in enumerate(hyp))
        return err / l.sum().item()


t = Trainer()
t.fit()
print(f"final token error rate {t.error_rate():.4f}")
