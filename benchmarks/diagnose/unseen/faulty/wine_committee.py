"""Committee of small networks for the wine cultivars.

All members live in one stacked tensor so that the whole committee is
trained with two baddbmm calls per step.
"""
import os
import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)

MEMBERS, HIDDEN, CLASSES = 8, 24, 3
STEPS, LR = 600, 0.02


def relu(x):
    return (x + x.abs()) / 2


class Committee(torch.nn.Module):
    def __init__(self, d):
        super().__init__()
        k = MEMBERS
        self.w1 = torch.nn.Parameter(torch.randn(k, d, HIDDEN) * (2.0 / d) ** 0.5)
        self.b1 = torch.nn.Parameter(torch.zeros(k, 1, HIDDEN))
        self.w2 = torch.nn.Parameter(torch.randn(k, HIDDEN, CLASSES) * (1.0 / HIDDEN) ** 0.5)
        self.b2 = torch.nn.Parameter(torch.zeros(k, 1, CLASSES))

    def forward(self, x):
        # x: (members, batch, features)
        h = relu(torch.baddbmm(self.b1, x, self.w1))
        return torch.baddbmm(self.b2, h, self.w2)


def cross_entropy(logits, y):
    m = logits.max(-1, keepdim=True).values.detach()
    lse = m.squeeze(-1) + (logits - m).exp().sum(-1).log()
    picked = logits.gather(-1, y.unsqueeze(-1)).squeeze(-1)
    return (lse - picked).mean(-1).sum()


def main():
    X, y = load_wine(return_X_y=True)
    xtr, xte, ytr, yte = train_test_split(X, y, test_size=0.3, stratify=y, random_state=SEED)
    xtr = torch.tensor(xtr, dtype=torch.float32)
    xte = torch.tensor(xte, dtype=torch.float32)
    ytr, yte = torch.tensor(ytr), torch.tensor(yte)

    net = Committee(xtr.shape[1])
    opt = torch.optim.SGD(net.parameters(), lr=LR, momentum=0.9)
    n = len(xtr)
    for step in range(STEPS):
        # every member sees its own bootstrap batch
        idx = torch.randint(0, n, (MEMBERS, 32))
        loss = cross_entropy(net(xtr[idx]), ytr[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 100 == 0:
            print(f"step {step:4d}  loss/member {loss.item() / MEMBERS:.4f}")

    with torch.no_grad():
        logits = net(xte.expand(MEMBERS, -1, -1))
        vote = torch.softmax(logits, -1).mean(0).argmax(-1)
    print(f"test accuracy {(vote == yte).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
