# Toy speech: every symbol lasts 2-4 noisy frames, sequences have silent gaps. CTC training.
import torch
import torch.nn as nn
import torch.nn.functional as F

g = torch.Generator().manual_seed(3)
torch.manual_seed(3)
V, D = 8, 12
proto = torch.randn(V + 1, D, generator=g)
proto[0] = 0


def sample(n):
    X = torch.zeros(n, 40, D)
    ys, xl = [], []
    for b in range(n):
        k = int(torch.randint(3, 7, (1,), generator=g))
        y = torch.randint(1, V + 1, (k,), generator=g)
        fr = []
        for s in y.tolist():
            fr += [s] * int(torch.randint(2, 5, (1,), generator=g)) + [0] * int(torch.randint(1, 3, (1,), generator=g))
        fr = fr[:40]
        X[b, :len(fr)] = proto[fr]
        xl.append(len(fr))
        ys.append(y)
    X += 0.4 * torch.randn(X.shape, generator=g)
    return X, torch.tensor(xl), ys


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(D, 48, 3, padding=1)
        self.gru = nn.GRU(48, 32, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(64, V + 1)

    def forward(self, x):
        h = F.relu(self.conv(x.transpose(1, 2))).transpose(1, 2)
        return self.fc(self.gru(h)[0]).log_softmax(-1)


net = Net()
opt = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=1e-4)
ctc = nn.CTCLoss(blank=0, zero_infinity=True)
pool = [sample(32) for _ in range(30)]
for ep in range(5):
    tot = 0.0
    for X, xl, ys in pool:
        loss = ctc(net(X).transpose(0, 1), torch.cat(ys), xl, torch.tensor([len(y) for y in ys]))
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        opt.step()
        tot += loss.item()
    print("epoch", ep, "ctc", round(tot / len(pool), 3))

X, xl, ys = sample(200)
ok = 0
with torch.no_grad():
    path = net(X).argmax(-1)
for p, n, y in zip(path, xl, ys):
    p = torch.unique_consecutive(p[:n])
    ok += p[p > 0].tolist() == y.tolist()
print("exact sequence accuracy", ok / 200, "(chance about 0)")
