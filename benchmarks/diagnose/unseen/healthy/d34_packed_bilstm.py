# Bidirectional LSTM over packed sequences, logit scalar, are there more opening than closing tokens ... with hinge loss
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

torch.manual_seed(0)

def make(n):
    seqs, labels = [], []
    while len(seqs) < n:
        s = torch.randint(1, 7, (int(torch.randint(5, 25, (1,))),))
        diff = int((s == 1).sum() - (s == 2).sum())
        if diff:
            seqs.append(s)
            labels.append(1.0 if diff > 0 else -1.0)
    return seqs, torch.tensor(labels)

class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(7, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 24, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(48, 1)
    def forward(self, x, lens):
        packed = pack_padded_sequence(self.emb(x), lens, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.fc(torch.cat([h[0], h[1]], 1)).squeeze(1)

def collate(ids, seqs, labels):
    part = [seqs[i] for i in ids]
    return pad_sequence(part, batch_first=True), torch.tensor([len(p) for p in part]), labels[ids]

tr, te = make(3000), make(600)
net = Tagger()
opt = torch.optim.RMSprop(net.parameters(), lr=3e-3)
zero = steps = 0
for ep in range(5):
    for ids in torch.randperm(3000).split(40):
        x, l, t = collate(ids, *tr)
        loss = (1 - t * net(x, l)).clamp(min=0).mean()
        opt.zero_grad(); loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        zero += loss.item() == 0; steps += 1
    with torch.no_grad():
        x, l, t = collate(torch.arange(600), *te)
        acc = (net(x, l).sign() == t).float().mean().item()
    print(f'epoch {ep} hinge {loss.item():.4f} acc {acc:.3f} exactly-zero batches {zero}/{steps}')
print('chance 0.5')
