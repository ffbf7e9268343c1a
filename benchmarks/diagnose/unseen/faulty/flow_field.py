"""Continuous-depth classifier: Euler steps through one learned vector field."""
import torch
torch.set_num_threads(1)
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HP = {"dim": 48, "solver_steps": 40, "dt": 1.0, "lr": 2e-3, "epochs": 8, "bs": 32}


class Field(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.a = nn.Linear(d, 2 * d)
        self.b = nn.Linear(2 * d, d)

    def forward(self, h):
        return self.b(torch.nn.functional.elu(self.a(h)))


class FlowClassifier(nn.Module):
    def __init__(self, d, steps, dt):
        super().__init__()
        self.lift = nn.Linear(64, d)
        self.field = Field(d)
        self.read = nn.Linear(d, 10)
        self.steps, self.dt = steps, dt

    def forward(self, x):
        h = self.lift(x)
        for _ in range(self.steps):
            h = h + self.dt * self.field(h)
        return self.read(h)


def batches(n, bs, g):
    idx = torch.randperm(n, generator=g)
    for k in range(0, n - bs + 1, bs):
        yield idx[k:k + bs]


def run():
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(0)
    data, lab = load_digits(return_X_y=True)
    data = (data - 8.0) / 6.0
    xa, xb, ya, yb = train_test_split(data, lab, test_size=0.25, random_state=0, stratify=lab)
    xa, xb = torch.tensor(xa).float(), torch.tensor(xb).float()
    ya, yb = torch.tensor(ya), torch.tensor(yb)
    net = FlowClassifier(HP["dim"], HP["solver_steps"], HP["dt"])
    opt = torch.optim.RMSprop(net.parameters(), lr=HP["lr"])
    for ep in range(HP["epochs"]):
        tot = 0.0
        for idx in batches(len(xa), HP["bs"], g):
            loss = nn.functional.cross_entropy(net(xa[idx]), ya[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item()
        print("epoch", ep, "loss", tot)
    with torch.no_grad():
        acc = (net(xb).argmax(1) == yb).double().mean().item()
    print("final test_acc", f"{acc:.4f}")


run()
