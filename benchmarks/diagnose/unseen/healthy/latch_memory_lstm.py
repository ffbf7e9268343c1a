import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(0)
T, HID, K = 40, 32, 8


class LatchCell(nn.Module):
    def __init__(self, n_in, n_hid, keep_bias=5.0, write_bias=-1.0):
        super().__init__()
        self.n = n_hid
        self.x2g = nn.Linear(n_in, 3 * n_hid)
        self.h2g = nn.Linear(n_hid, 3 * n_hid, bias=False)
        with torch.no_grad():
            self.x2g.bias[:n_hid].fill_(keep_bias)
            self.x2g.bias[n_hid:2 * n_hid].fill_(write_bias)

    def forward(self, x, c):
        keep, write, cand = (self.x2g(x) + self.h2g(torch.tanh(c))).split(self.n, 1)
        return torch.sigmoid(keep) * c + torch.sigmoid(write) * torch.tanh(cand)


class LatchNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = LatchCell(K + 2, HID)
        self.read = nn.Linear(HID, K)

    def forward(self, seq):
        c = seq.new_zeros(seq.shape[0], HID)
        for x in seq.unbind(1):
            c = self.cell(x, c)
        return self.read(torch.tanh(c))


def make_batch(n):
    sym = torch.randint(0, K, (n, T))
    when = torch.randint(0, 12, (n,))
    flag = F.one_hot(when, T).float()
    x = torch.cat([F.one_hot(sym, K).float(), flag[..., None], torch.ones(n, T, 1)], -1)
    return x, sym[torch.arange(n), when]


net = LatchNet()
opt = torch.optim.RMSprop(net.parameters(), lr=3e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 600)
for it in range(600):
    x, y = make_batch(64)
    loss = F.cross_entropy(net(x), y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    sched.step()
    if it % 100 == 0:
        print(it, round(loss.item(), 4))
with torch.no_grad():
    x, y = make_batch(2000)
    acc = (net(x).argmax(1) == y).float().mean().item()
print(f"final_metric accuracy {acc:.4f}")
