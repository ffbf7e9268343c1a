import os
import tempfile
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint
from sklearn.datasets import load_digits


class Maxout(nn.Module):
    def __init__(self, i, o, k=3):
        super().__init__()
        self.lin, self.k = nn.Linear(i, o * k), k

    def forward(self, x):
        return self.lin(x).unflatten(-1, (-1, self.k)).amax(-1)


class Staged(nn.Module):
    """Three stages, each with its own classifier (deep supervision); middle stage is recomputed in backward."""

    def __init__(self):
        super().__init__()
        self.s1 = nn.Sequential(Maxout(64, 48), nn.Dropout(0.2))
        self.s2 = nn.Sequential(nn.Linear(48, 96), nn.GLU(), nn.LayerNorm(48))
        self.s3 = nn.utils.parametrizations.weight_norm(nn.Linear(48, 48))
        self.heads = nn.ModuleList(nn.Linear(48, 10) for _ in range(3))
        self.parity = nn.Linear(48, 1)

    def forward(self, x):
        a = self.s1(x)
        b = checkpoint(self.s2, a, use_reentrant=False)
        c = F.leaky_relu(self.s3(b))
        return [h(v) for h, v in zip(self.heads, (a, b, c))], self.parity(c).squeeze(1)


def step_loss(out, y):
    logits, par = out
    main = sum(w * F.cross_entropy(l, y) for w, l in zip((0.3, 0.3, 1.0), logits))
    return main + 0.2 * F.binary_cross_entropy_with_logits(par, (y % 2).float())


torch.manual_seed(0)
ds = load_digits()
x, y = torch.tensor(ds.data).float() / 8 - 1, torch.tensor(ds.target)
net = Staged()
opt = torch.optim.NAdam(net.parameters(), lr=2e-3)
path = os.path.join(tempfile.mkdtemp(), "best.pt")
best = 0.0
for ep in range(25):
    net.train()
    for idx in torch.randperm(1400).split(50):
        loss = step_loss(net(x[idx]), y[idx])
        opt.zero_grad(); loss.backward(); opt.step()
    net.eval()
    with torch.no_grad():
        logits, par = net(x[1400:])
        accs = [(l.argmax(1) == y[1400:]).float().mean().item() for l in logits]
        pacc = ((par > 0) == (y[1400:] % 2 == 1)).float().mean().item()
    if accs[-1] > best:
        best = accs[-1]
        torch.save({"model": net.state_dict(), "opt": opt.state_dict(), "epoch": ep}, path)
    if ep % 5 == 4:
        print(ep, "loss %.3f" % loss.item(), "heads", [round(v, 3) for v in accs], "parity %.3f" % pacc)
state = torch.load(path)
net.load_state_dict(state["model"])
print("restored epoch", state["epoch"], "acc", round(best, 4))
