"""3-bit flip-flop memory (Sussillo & Barak): a GRU must hold three bits that are +1 or -1
until the next pulse on that channel. The outputs go through tanh; the targets are +-0.9.
"""
import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(8)


def flip_flop(batch, T=32, bits=3, p=0.12):
    u = (torch.rand(T, batch, bits) < p).float() * (2 * torch.randint(0, 2, (T, batch, bits)) - 1)
    u[0] = 2.0 * torch.randint(0, 2, (batch, bits)) - 1
    state = torch.zeros(batch, bits)
    tgt = torch.empty_like(u)
    for t in range(T):
        state = torch.where(u[t] != 0, u[t], state)
        tgt[t] = 0.9 * state
    return u, tgt


class Memory(nn.Module):
    def __init__(self, n=32):
        super().__init__()
        self.gru = nn.GRU(3, n)
        self.read = nn.Linear(n, 3)
        # start with gates that keep: z close to 1
        with torch.no_grad():
            self.gru.bias_hh_l0[n:2 * n].fill_(2.0)

    def forward(self, u):
        h, _ = self.gru(u)
        return torch.tanh(self.read(h))


net = Memory()
opt = torch.optim.RMSprop(net.parameters(), lr=4e-3)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.994)
for it in range(280):
    u, tgt = flip_flop(64)
    loss = (net(u) - tgt).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_value_(net.parameters(), 0.5)
    opt.step()
    sched.step()
    if it % 40 == 0:
        print("iter", it, "mse %.5f" % loss.item())

with torch.no_grad():
    u, tgt = flip_flop(500, T=80)
    out = net(u)
    ok = (out.sign() == tgt.sign()).float().mean().item()
    print("twice as long sequences: mse %.5f  bits right %.4f" % ((out - tgt).pow(2).mean().item(), ok))
