"""Pre-train on upright digits, then adapt to transposed ones with low-rank corrections."""
import os
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
HID, RANK = 96, 8


def leaky(x):
    return torch.where(x > 0, x, 0.05 * x)


def gaussian(o, i, gain):
    return torch.nn.Parameter(torch.randn(o, i) * (gain / i) ** 0.5)


class Backbone(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.p = torch.nn.ParameterDict({
            "l0": gaussian(HID, 64, 2), "l1": gaussian(HID, HID, 2), "l2": gaussian(10, HID, 1),
            "b0": torch.nn.Parameter(torch.zeros(HID)), "b1": torch.nn.Parameter(torch.zeros(HID)),
            "b2": torch.nn.Parameter(torch.zeros(10)),
        })

    def forward(self, x, delta=None):
        for k in range(3):
            w = self.p[f"l{k}"]
            if delta is not None:
                w = w + delta(k)
            x = F.linear(x, w, self.p[f"b{k}"])
            if k < 2:
                x = leaky(x)
        return x


class LowRank(torch.nn.Module):
    def __init__(self, base):
        super().__init__()
        shapes = [base.p[f"l{k}"].shape for k in range(3)]
        self.down = torch.nn.ParameterList([gaussian(RANK, i, 1) for _, i in shapes])
        self.up = torch.nn.ParameterList([torch.nn.Parameter(torch.zeros(o, RANK)) for o, _ in shapes])

    def forward(self, k):
        return self.up[k] @ self.down[k]


def loss_fn(z, y):
    return (torch.logsumexp(z, 1) - z.gather(1, y[:, None]).squeeze(1)).mean()


def fit(params, forward, x, y, lr, steps, tag):
    opt = torch.optim.SGD(params, lr=lr, momentum=0.9)
    for step in range(steps):
        i = torch.randint(0, len(x), (64,))
        loss = loss_fn(forward(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 250 == 0:
            print(f"{tag} {step} loss {loss.item():.4f}")


X, Y = load_digits(return_X_y=True)
X = torch.tensor((X - X.mean()) / X.std(), dtype=torch.float32)
Y = torch.tensor(Y)
perm = torch.randperm(len(X))
tr, te = perm[:1300], perm[1300:]
flipped = X.view(-1, 8, 8).transpose(1, 2).flatten(1)

net = Backbone()
fit(net.parameters(), net, X[tr], Y[tr], 0.03, 500, "pretrain")
net.requires_grad_(False)

adapter = LowRank(net)
fit(adapter.parameters(), lambda x: net(x, adapter), flipped[tr], Y[tr], 0.03, 1000, "adapt")

with torch.no_grad():
    before = (net(flipped[te]).argmax(1) == Y[te]).float().mean().item()
    after = (net(flipped[te], adapter).argmax(1) == Y[te]).float().mean().item()
print(f"accuracy on transposed digits: frozen network {before:.4f}, with low-rank correction {after:.4f}")
