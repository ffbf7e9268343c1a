"""Classify variable-length series (zero padded): masked GRU + masked attention pooling, plus a ReLU MLP on the features."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

torch.manual_seed(0)
gen = torch.Generator().manual_seed(0)


def make(n):
    xs, ys = [], []
    for _ in range(n):
        length = int(torch.randint(6, 41, (1,), generator=gen))
        kind = int(torch.randint(0, 3, (1,), generator=gen))
        t = torch.arange(length).float()
        phase = 6.28 * torch.rand(1, generator=gen)
        wave = [torch.sin(0.5 * t + phase), torch.sign(torch.sin(0.5 * t + phase)), torch.sin(1.1 * t + phase)][kind]
        xs.append((wave + 0.2 * torch.randn(length, generator=gen)).unsqueeze(1))
        ys.append(kind)
    lens = torch.tensor([len(x) for x in xs])
    return pad_sequence(xs, batch_first=True), lens, torch.tensor(ys)


class Net(nn.Module):
    def __init__(self, h=24):
        super().__init__()
        self.gru = nn.GRU(1, h, batch_first=True, bidirectional=True)
        self.score = nn.Linear(2 * h, 1)
        self.mlp = nn.Sequential(nn.Linear(2 * h, 48), nn.ReLU(), nn.Linear(48, 3))

    def forward(self, x, lens):
        packed = pack_padded_sequence(x, lens, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        s = self.score(out).squeeze(-1)
        pad = torch.arange(out.shape[1])[None] >= lens[:, None]
        w = s.masked_fill(pad, float("-inf")).softmax(1)
        return F.log_softmax(self.mlp((w.unsqueeze(-1) * out).sum(1)), dim=-1)


xtr, ltr, ytr = make(1200)
xte, lte, yte = make(400)
net, nll = Net(), nn.NLLLoss()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(8):
    for idx in torch.randperm(len(xtr)).split(48):
        loss = nll(net(xtr[idx], ltr[idx]), ytr[idx])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(net.parameters(), 0.5)
        opt.step()
    with torch.no_grad():
        acc = (net(xte, lte).argmax(1) == yte).float().mean().item()
    print(f"epoch {epoch} loss {loss.item():.3f} acc {acc:.3f}  padding share {(xtr == 0).float().mean():.2f}")
