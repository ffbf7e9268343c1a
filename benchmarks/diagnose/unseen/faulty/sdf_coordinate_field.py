"""Fit the signed distance field of a small 2-D scene with a coordinate network."""
import torch
from torch import nn

CONFIG = {
    "model": {"width": 64, "depth": 4, "activation": "SiLU"},
    "optim": {"lr": 2e-3, "steps": 4500, "batch": 512},
    "seed": 8,
}
ACTIVATIONS = {"relu": nn.ReLU, "silu": nn.SiLU, "tanh": nn.Tanh, "gelu": nn.GELU}


def scene(p):
    circle = (p - torch.tensor([0.35, 0.3])).norm(dim=1) - 0.35
    q = (p + torch.tensor([0.35, 0.35])).abs() - torch.tensor([0.35, 0.2])
    box = q.clamp(min=0).norm(dim=1) + q.max(dim=1).values.clamp(max=0)
    hole = 0.15 - (p - torch.tensor([0.35, 0.3])).norm(dim=1)
    return torch.minimum(torch.maximum(circle, hole), box)


class FieldBlock(nn.Module):
    def __init__(self, n_in, n_out, act):
        super().__init__()
        self.proj = nn.Linear(n_in, n_out)
        self.act = ACTIVATIONS.get(act, nn.Identity)()

    def forward(self, x):
        return self.act(self.proj(x))


class Field(nn.Module):
    def __init__(self, width, depth, activation):
        super().__init__()
        self.blocks = nn.ModuleList([FieldBlock(2, width, activation)])
        for _ in range(depth - 1):
            self.blocks.append(FieldBlock(width, width, activation))
        self.head = nn.Linear(width, 1)

    def forward(self, p):
        h = p
        for block in self.blocks:
            h = block(h)
        return self.head(h).squeeze(1)


class Runner:
    def __init__(self, config):
        torch.manual_seed(config["seed"])
        self.o = config["optim"]
        self.field = Field(**config["model"])
        self.opt = torch.optim.Adam(self.field.parameters(), lr=self.o["lr"])
        self.sched = torch.optim.lr_scheduler.CosineAnnealingLR(self.opt, self.o["steps"])
        g = torch.linspace(-1, 1, 64)
        self.grid = torch.stack(torch.meshgrid(g, g, indexing="ij"), -1).reshape(-1, 2)
        self.truth = scene(self.grid)

    def r2(self):
        with torch.no_grad():
            err = ((self.field(self.grid) - self.truth) ** 2).mean()
        return 1 - (err / self.truth.var()).item()

    def run(self):
        for step in range(self.o["steps"]):
            pts = torch.rand(self.o["batch"], 2) * 2 - 1
            loss = (self.field(pts) - scene(pts)).abs().mean()
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            self.sched.step()
            if step % 250 == 0:
                print(f"step {step:5d}  L1 {loss.item():.4f}  R2 {self.r2():.4f}")
        print(f"final R2 {self.r2():.4f}")


if __name__ == "__main__":
    Runner(CONFIG).run()
