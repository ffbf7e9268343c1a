import torch
torch.set_num_threads(1)
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.manual_seed(8)
PAD, BOS, EOS, VOCAB, MAXLEN = 0, 1, 2, 13, 7


def make_batch(n):
    lens = torch.randint(3, MAXLEN + 1, (n,))
    src = torch.randint(3, VOCAB, (n, MAXLEN))
    pos = torch.arange(MAXLEN)
    src = src.masked_fill(pos >= lens[:, None], PAD)
    tgt = torch.full((n, MAXLEN + 1), PAD)
    for i, l in enumerate(lens.tolist()):
        tgt[i, :l] = src[i, :l].flip(0)
        tgt[i, l] = EOS
    return src, lens, tgt


class Encoder(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, d, padding_idx=PAD)
        self.rnn = nn.GRU(d, d, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * d, d)

    def forward(self, src, lens):
        packed = pack_padded_sequence(self.emb(src), lens, batch_first=True, enforce_sorted=False)
        out, h = self.rnn(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=MAXLEN)
        return out, torch.tanh(self.bridge(torch.cat([h[0], h[1]], 1)))


class Decoder(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, d, padding_idx=PAD)
        self.cell = nn.GRUCell(3 * d, d)
        self.key = nn.Linear(2 * d, d, bias=False)
        self.place = nn.Embedding(MAXLEN + 1, d)
        self.out = nn.Linear(3 * d, VOCAB)

    def step(self, t, tok, h, mem, keys, mask):
        q = h + self.place.weight[t]
        score = torch.einsum("bd,btd->bt", q, keys)
        w = score.masked_fill(mask, float("-inf")).softmax(1)
        ctx = torch.einsum("bt,btd->bd", w, mem)
        h = self.cell(torch.cat([self.emb(tok), ctx], 1), h)
        return self.out(torch.cat([h, ctx], 1)), h, w


D = 40
enc, dec = Encoder(D), Decoder(D)
params = list(enc.parameters()) + list(dec.parameters())
opt = torch.optim.Adam(params, lr=4e-3)
warm = torch.optim.lr_scheduler.LambdaLR(opt, lambda i: min(1.0, i / 40) * max(0.05, 1 - i / 260))


def decode(src, lens, tgt=None, p_teacher=1.0):
    mem, h = enc(src, lens)
    keys, mask = dec.key(mem), src == PAD
    tok = torch.full((len(src),), BOS)
    logits, peaks = [], []
    for t in range(MAXLEN + 1):
        o, h, w = dec.step(t, tok, h, mem, keys, mask)
        logits.append(o)
        peaks.append(w.max(1).values.mean().item())
        own = o.argmax(1).detach()
        tok = own if tgt is None else torch.where(torch.rand(len(src)) < p_teacher, tgt[:, t], own)
    return torch.stack(logits, 1), sum(peaks) / len(peaks)


for step in range(250):
    src, lens, tgt = make_batch(64)
    logits, peak = decode(src, lens, tgt, p_teacher=max(0.5, 1 - step / 250))
    loss = F.cross_entropy(logits.flatten(0, 1), tgt.flatten(), ignore_index=PAD)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(params, 1.0)
    opt.step()
    warm.step()
    if step % 50 == 0:
        print(f"step {step} loss {loss.item():.3f} attention peak {peak:.2f}")

enc.eval(), dec.eval()
with torch.no_grad():
    src, lens, tgt = make_batch(500)
    guess = decode(src, lens)[0].argmax(2)
    keep = tgt != PAD
    copy = F.pad(src, (0, 1))
    print("copying the input", (copy[keep] == tgt[keep]).float().mean().item())
    print("whole sequences right", ((guess == tgt) | ~keep).all(1).float().mean().item())
    print("final token_accuracy", round((guess[keep] == tgt[keep]).float().mean().item(), 4))
