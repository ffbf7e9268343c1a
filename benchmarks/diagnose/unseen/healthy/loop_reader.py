"""One attention block, applied three times with zero-started residual scales, reading bracket strings."""
import math
import torch
torch.set_num_threads(1)
import torch.nn as nn

LEN, DIM, HEADS, LOOPS = 16, 32, 4, 3
PAD = 2


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(DIM, 3 * DIM, bias=False)
        self.proj = nn.Linear(DIM, DIM)
        self.up = nn.Linear(DIM, 2 * DIM)
        self.down = nn.Linear(2 * DIM, DIM)
        self.alpha = nn.Parameter(torch.zeros(LOOPS, 2))

    def attend(self, x, blocked):
        b, n, _ = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        s = q @ k.transpose(-1, -2) / math.sqrt(DIM // HEADS)
        s = s.masked_fill(blocked[:, None, None, :], float("-inf"))
        s = s - s.amax(-1, keepdim=True)
        e = s.exp()
        return self.proj((e / e.sum(-1, keepdim=True) @ v).transpose(1, 2).reshape(b, n, DIM))

    def forward(self, x, blocked, i):
        x = x + self.alpha[i, 0] * self.attend(x, blocked)
        z = self.up(x)
        return x + self.alpha[i, 1] * self.down(0.5 * z * (1 + torch.erf(z / math.sqrt(2))))


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(3, DIM, padding_idx=PAD)
        self.pos = nn.Parameter(0.3 * torch.randn(LEN, DIM))
        self.block = Block()
        self.out = nn.Linear(DIM, 2)

    def forward(self, t):
        x, blocked = self.tok(t) + self.pos, t == PAD
        for i in range(LOOPS):
            x = self.block(x, blocked, i)
        keep = (~blocked).float()[..., None]
        return self.out((x * keep).sum(1) / keep.sum(1))


def strings(n, g):
    """Label: do the ones in the first half outnumber those in the second half?"""
    t = torch.randint(0, 2, (n, LEN), generator=g)
    size = torch.randint(8, LEN + 1, (n, 1), generator=g)
    idx = torch.arange(LEN)[None]
    live = idx < size
    left = (t * (idx < size // 2) * live).sum(1)
    right = (t * (idx >= size - size // 2) * live).sum(1)
    return t.masked_fill(~live, PAD), (left > right).long()


torch.manual_seed(10)
g = torch.Generator().manual_seed(10)
net = Reader()
opt = torch.optim.AdamW(net.parameters(), lr=4e-3, betas=(0.9, 0.95), weight_decay=0.01)
warm = torch.optim.lr_scheduler.LambdaLR(opt, lambda k: min(1.0, k / 40) * (0.5 + 0.5 * math.cos(math.pi * k / 400)))
for step in range(400):
    t, y = strings(48, g)
    loss = nn.functional.cross_entropy(net(t), y)
    opt.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    warm.step()
    if step % 100 == 99:
        print(step + 1, round(loss.item(), 4))
with torch.no_grad():
    t, y = strings(3000, g)
    print("majority", round(max(y.float().mean().item(), 1 - y.float().mean().item()), 4))
    print("final accuracy", round((net(t).argmax(1) == y).float().mean().item(), 4))
