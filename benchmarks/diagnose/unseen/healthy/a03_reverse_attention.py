import math
import torch
from torch import nn

torch.manual_seed(1)
V, L, H, BOS = 10, 6, 64, 10


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V, 32)
        self.pos = nn.Embedding(L, 32)
        self.rnn = nn.GRU(32, H // 2, batch_first=True, bidirectional=True)

    def forward(self, x):
        return self.rnn(self.emb(x) + self.pos.weight)[0]


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V + 1, 32)
        self.cell = nn.GRUCell(32 + H, H)
        self.h0 = nn.Parameter(torch.zeros(1, H))        # learned initial state
        self.q, self.k = nn.Linear(H, H), nn.Linear(H, H)
        self.v = nn.Linear(H, 1, bias=False)
        self.out = nn.Linear(2 * H, V)

    def forward(self, mem, target=None):
        B = mem.size(0)
        h = self.h0.expand(B, -1)
        tok = torch.full((B,), BOS)
        keys, logits = self.k(mem), []
        for t in range(L):
            e = self.v(torch.tanh(keys + self.q(h)[:, None])).squeeze(-1)
            ctx = (e.softmax(-1)[..., None] * mem).sum(1)
            h = self.cell(torch.cat([self.emb(tok), ctx], -1), h)
            o = self.out(torch.cat([h, ctx], -1))
            logits.append(o)
            tok = target[:, t] if target is not None else o.argmax(-1)
        return torch.stack(logits, 1)


enc, dec = Encoder(), Decoder()
params = list(enc.parameters()) + list(dec.parameters())
opt = torch.optim.Adam(params, lr=2e-3)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, 2e-3, total_steps=240)
crit = nn.CrossEntropyLoss()
print("start loss should be about", round(math.log(V), 2))
for step in range(240):
    x = torch.randint(0, V, (64, L))
    y = x.flip(1)
    loss = crit(dec(enc(x), y).reshape(-1, V), y.reshape(-1))
    opt.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(params, 1.0)
    opt.step()
    sched.step()
    if step % 40 == 0 or step == 239:
        print(step, f"{loss.item():.3f}")
with torch.no_grad():
    x = torch.randint(0, V, (500, L))
    acc = (dec(enc(x)).argmax(-1) == x.flip(1)).float().mean().item()
print(f"free-running token accuracy {acc:.3f} (chance {1 / V})")
