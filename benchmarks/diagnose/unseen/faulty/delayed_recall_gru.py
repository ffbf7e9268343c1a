import math
import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(11)

K, HID, T = 12, 24, 26
VOCAB = 2 * K


class MyGRUCell(nn.Module):
    def __init__(self, n_in, n_hid):
        super().__init__()
        s = 1 / math.sqrt(n_hid)
        self.wx = nn.Parameter(torch.empty(n_in, 3 * n_hid).uniform_(-s, s))
        self.wh = nn.Parameter(torch.empty(n_hid, 3 * n_hid).uniform_(-s, s))
        self.b = nn.Parameter(torch.zeros(3 * n_hid))
        with torch.no_grad():
            self.b[n_hid:2 * n_hid] = 1.0

    def forward(self, x, h):
        gx = x @ self.wx + self.b
        gh = h @ self.wh
        xr, xz, xn = gx.chunk(3, -1)
        hr, hz, hn = gh.chunk(3, -1)
        r = 1 / (1 + torch.exp(-(xr + hr)))
        z = 1 / (1 + torch.exp(-(xz + hz)))
        n = torch.tanh(xn + r * hn)
        return z * h + (1 - z) * n


class Recaller(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, 32)
        self.cell = MyGRUCell(32, HID)
        self.out = nn.Linear(HID, K)

    def forward(self, tokens):
        h = torch.zeros(tokens.shape[0], HID)
        for t in range(tokens.shape[1]):
            h = self.cell(self.emb(tokens[:, t]), h.detach())
        return self.out(h)


def batch(n):
    tokens = torch.randint(0, K, (n, T))
    when = torch.randint(0, T - 6, (n,))
    rows = torch.arange(n)
    key = tokens[rows, when]
    tokens[rows, when] = key + K
    return tokens, key


def nll(logits, y):
    lse = torch.logsumexp(logits, 1)
    return (lse - logits.gather(1, y[:, None]).squeeze(1)).mean()


net = Recaller()
opt = torch.optim.Adam(net.parameters(), 4e-3)
for it in range(1000):
    x, y = batch(64)
    loss = nll(net(x), y)
    opt.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    if it % 100 == 0:
        print(it, loss.item())

with torch.no_grad():
    x, y = batch(2000)
    acc = (net(x).argmax(1) == y).float().mean().item()
print(f"final_metric accuracy {acc:.4f}")
