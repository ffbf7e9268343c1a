# pointer network: put 6 numbers in order; already used positions get -inf
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
n, d = 6, 64

class Pointer(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp = nn.Linear(1, d)
        self.enc = nn.LSTM(d, d, batch_first=True, bidirectional=True)
        self.mem = nn.Linear(2 * d, d)
        self.dec = nn.LSTMCell(d, d)
        self.wq, self.wk = nn.Linear(d, d), nn.Linear(d, d, bias=False)
        self.go = nn.Parameter(torch.randn(d) * 0.1)
    def forward(self, x, order=None):
        B = x.size(0)
        mem = self.mem(self.enc(torch.tanh(self.inp(x)))[0])
        keys = self.wk(mem)
        h = mem.mean(1)
        c = torch.zeros_like(h)
        feed = self.go.expand(B, d)
        used = torch.zeros(B, n, dtype=torch.bool)
        out = []
        for t in range(n):
            h, c = self.dec(feed, (h, c))
            s = (keys * self.wq(h).unsqueeze(1)).sum(-1) / d ** 0.5
            s = s.masked_fill(used, float('-inf'))
            out.append(s)
            k = order[:, t] if order is not None else s.argmax(1)
            used = used.scatter(1, k[:, None], True)
            feed = mem[torch.arange(B), k]
        return torch.stack(out, 1)

net = Pointer()
opt = torch.optim.Adam(net.parameters(), lr=1.5e-3)
for step in range(260):
    x = torch.rand(64, n, 1)
    y = x.squeeze(-1).argsort(1)
    logit = net((x - 0.5) * 3.4, y)
    loss = F.nll_loss(F.log_softmax(logit, -1).reshape(-1, n), y.reshape(-1))
    opt.zero_grad(); loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
    opt.step()
    if step % 50 == 0: print(step, loss.item())
with torch.no_grad():
    x = torch.rand(1000, n, 1)
    y = x.squeeze(-1).argsort(1)
    p = net((x - 0.5) * 3.4).argmax(-1)
print('positions right %.3f (chance %.3f), whole order right %.3f (chance %.4f)' % ((p == y).float().mean(), 1 / n, (p == y).all(1).float().mean(), 1 / 720))
