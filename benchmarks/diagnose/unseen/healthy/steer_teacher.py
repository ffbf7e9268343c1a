"""Bounded control signal: tanh output, targets in [-1, 1] that often sit on the limits; EMA copy for evaluation."""
import copy
import torch
import torch.nn as nn


def controller(s):
    """saturating PD rule with a dead zone"""
    u = 1.8 * s[:, 0] + 0.9 * s[:, 1] - 0.8 * s[:, 2] * s[:, 0].abs()
    return torch.where(u.abs() < 0.1, torch.zeros_like(u), u).clamp(-1, 1).unsqueeze(1)


class EMA:
    def __init__(self, model, decay=0.98):
        self.model, self.decay = copy.deepcopy(model).eval(), decay
        for p in self.model.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, src):
        for a, b in zip(self.model.parameters(), src.parameters()):
            a.mul_(self.decay).add_(b, alpha=1 - self.decay)


def train():
    torch.manual_seed(4)
    states = torch.randn(5000, 3)
    u = controller(states)
    print("targets on the limits:", (u.abs() >= 1).float().mean().item(), "variance", u.var().item())
    net = nn.Sequential(nn.Linear(3, 64), nn.LeakyReLU(0.05), nn.Linear(64, 64), nn.LeakyReLU(0.05),
                        nn.Linear(64, 1), nn.Tanh())
    ema = EMA(net)
    hidden = [p for n, p in net.named_parameters() if n.endswith("weight")]
    biases = [p for n, p in net.named_parameters() if n.endswith("bias")]
    opts = [torch.optim.SGD(hidden, lr=0.1, momentum=0.9, weight_decay=1e-4), torch.optim.SGD(biases, lr=0.1)]
    for step in range(1, 2001):
        idx = torch.randint(0, 4500, (100,))
        loss = ((net(states[idx]) - u[idx]) ** 2).mean()
        for o in opts:
            o.zero_grad()
        loss.backward()
        for o in opts:
            o.step()
        ema.update(net)
        if step % 500 == 0:
            with torch.no_grad():
                val = ((ema.model(states[4500:]) - u[4500:]) ** 2).mean().item()
            print(f"step {step} train {loss.item():.5f} ema val mse {val:.5f}")


train()
