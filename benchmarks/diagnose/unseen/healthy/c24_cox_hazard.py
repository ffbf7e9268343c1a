# DeepSurv-like: Cox partial likelihood over mini-batches with 40 % censoring
import torch
from torch import nn

torch.manual_seed(9)
n, d = 4000, 8
X = torch.randn(n, d)
risk = 1.2 * X[:, 0] - X[:, 1] ** 2 * 0.7 + 0.8 * (X[:, 2] * X[:, 3])
event_time = -torch.rand(n).log() / risk.exp()
censor = -torch.rand(n).log() * event_time.median() * 2.5
time, event = torch.minimum(event_time, censor), (event_time <= censor).float()
print('events: %.2f' % event.mean().item())

class DeepSurv(nn.Module):
    def __init__(self):
        super().__init__()
        layers, w = [], d
        for h in (64, 32):
            layers += [nn.Linear(w, h), nn.LayerNorm(h), nn.ReLU(), nn.Dropout(0.1)]
            w = h
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(w, 1, bias=False)      # the baseline hazard absorbs any constant
    def forward(self, x):
        return self.head(self.body(x)).squeeze(-1)

def cox(score, time, event):
    order = time.argsort(descending=True)
    s, e = score[order], event[order]
    return -((s - s.logcumsumexp(0)) * e).sum() / e.sum().clamp_min(1)

def cindex(score, time, event):
    ok = (time[:, None] < time[None]) & (event[:, None] > 0)
    return ((score[:, None] > score[None]) & ok).sum().item() / ok.sum().item()

net = DeepSurv()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-3)
for ep in range(25):
    net.train()
    for ix in torch.randperm(3200).split(128):
        loss = cox(net(X[ix]), time[ix], event[ix])
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    if ep % 5 == 4:
        with torch.no_grad():
            print(ep + 1, 'loss %.3f test c-index %.3f' % (loss.item(), cindex(net(X[3200:]), time[3200:], event[3200:])))
print('c-index of random scores 0.5, of the true risk %.3f' % cindex(risk[3200:], time[3200:], event[3200:]))
