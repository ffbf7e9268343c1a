"""Which machine wrote this log line? A small text CNN over four log dialects.

Runs in bfloat16 end to end to halve memory on the edge box.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(77)
DTYPE = torch.bfloat16

# synthetic log lines: token sequences from four machine "dialects"
VOCAB, LEN, CLS = 60, 20, 4
g = torch.Generator().manual_seed(7)
base = torch.rand(VOCAB, VOCAB, generator=g)
trans = []
for c in range(CLS):
    m = base + 1.6 * torch.rand(VOCAB, VOCAB, generator=g) ** 3
    trans.append((m ** 6) / (m ** 6).sum(1, keepdim=True))
trans = torch.stack(trans)


def lines(n):
    y = torch.randint(0, CLS, (n,), generator=g)
    x = torch.empty(n, LEN, dtype=torch.long)
    x[:, 0] = torch.randint(0, VOCAB, (n,), generator=g)
    for t in range(1, LEN):
        p = trans[y, x[:, t - 1]]
        x[:, t] = torch.multinomial(p, 1, generator=g).squeeze(1)
    return x, y


class TextCNN(nn.Module):
    def __init__(self, dim=32, ch=40):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, dim)
        self.c2 = nn.Conv1d(dim, ch, 2)
        self.c3 = nn.Conv1d(dim, ch, 3)
        self.fc1 = nn.Linear(2 * ch, 64)
        self.fc2 = nn.Linear(64, CLS)

    def forward(self, ids):
        e = self.emb(ids).transpose(1, 2)
        h = torch.cat([F.relu(self.c2(e)).amax(-1), F.relu(self.c3(e)).amax(-1)], 1)
        return self.fc2(F.relu(self.fc1(h)))


xtr, ytr = lines(2600)
xte, yte = lines(800)
net = TextCNN().to(DTYPE)
opt = torch.optim.AdamW(net.parameters(), lr=1e-4, weight_decay=0.01)
EPOCHS = 4

step = 0
for ep in range(EPOCHS):
    perm = torch.randperm(len(xtr), generator=g)
    for b in perm.split(32):
        logits = net(xtr[b])
        loss = F.cross_entropy(logits.float(), ytr[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        step += 1
        if step % 60 == 0:
            print(f"step {step:4d}  loss {loss.item():.4f}")
    with torch.no_grad():
        acc = (net(xte).argmax(1) == yte).float().mean().item()
    print(f"epoch {ep} acc {acc:.3f}")
print("test accuracy", round(acc, 4))
