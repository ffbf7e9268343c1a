"""Density estimation on two moons with affine coupling layers written by hand."""
import math
import os
import torch
from torch import nn
from sklearn.datasets import make_moons

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
LAYERS, HID, STEPS = 8, 32, 1200


class Flow(nn.Module):
    def __init__(self):
        super().__init__()
        # all coupling nets stacked: 1 -> HID -> HID -> (s, t)
        self.w1 = nn.Parameter(torch.randn(LAYERS, 1, HID))
        self.b1 = nn.Parameter(torch.randn(LAYERS, HID) * 0.5)
        self.w2 = nn.Parameter(torch.randn(LAYERS, HID, HID) * math.sqrt(2 / HID))
        self.b2 = nn.Parameter(torch.zeros(LAYERS, HID))
        self.w3 = nn.Parameter(torch.zeros(LAYERS, HID, 2))
        self.b3 = nn.Parameter(torch.zeros(LAYERS, 2))

    def forward(self, x):
        logdet = torch.zeros(len(x))
        for k in range(LAYERS):
            keep, move = x[:, k % 2: k % 2 + 1], x[:, 1 - k % 2: 2 - k % 2]
            h = keep @ self.w1[k] + self.b1[k]
            h = h * torch.sigmoid(h)
            h = h @ self.w2[k] + self.b2[k]
            h = h * torch.sigmoid(h)
            s, t = (h @ self.w3[k] + self.b3[k]).unbind(1)
            s = 2 * torch.tanh(s / 2)
            move = move * torch.exp(s)[:, None] + t[:, None]
            logdet = logdet + s
            x = torch.cat([keep, move] if k % 2 == 0 else [move, keep], 1)
        return x, logdet


def nll(z, logdet):
    return (0.5 * z.pow(2).sum(1) + math.log(2 * math.pi) - logdet).mean()


def sample(n, seed):
    x, _ = make_moons(n, noise=0.07, random_state=seed)
    x = torch.tensor(x, dtype=torch.float32)
    return (x - torch.tensor([0.5, 0.25])) / torch.tensor([0.87, 0.5])


train, test = sample(4000, SEED), sample(2000, SEED + 1000)
flow = Flow()
opt = torch.optim.Adam(flow.parameters(), lr=2e-3)
warm = torch.optim.lr_scheduler.LambdaLR(opt, lambda i: min(i / 100, 1.0))
for step in range(STEPS):
    loss = nll(*flow(train[torch.randint(0, len(train), (256,))]))
    opt.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(flow.parameters(), 1.0)
    opt.step()
    warm.step()
    if step % 200 == 0:
        print(f"step {step} nll {loss.item():.4f}")

with torch.no_grad():
    ours = nll(*flow(test)).item()
mvn = torch.distributions.MultivariateNormal(train.mean(0), torch.cov(train.T))
print(f"test nll {ours:.4f}  gaussian baseline {-mvn.log_prob(test).mean().item():.4f}")
