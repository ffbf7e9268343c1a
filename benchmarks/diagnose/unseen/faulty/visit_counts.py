import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


def clinic_visits(n, gen):
    x = torch.randn(n, 10, generator=gen)
    rate = torch.exp(0.4 + 0.7 * torch.sin(2 * x[:, 0]) + 0.5 * x[:, 1] * torch.tanh(x[:, 2])
                     - 0.4 * (x[:, 3].abs() - 0.8) + 0.3 * x[:, 4])
    return x, torch.poisson(rate.clamp(max=30), generator=gen)


class GEGLU(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.proj = nn.Linear(d_in, 2 * d_out)

    def forward(self, x):
        value, gate = self.proj(x).chunk(2, dim=-1)
        return value * 0.5 * gate * (1 + torch.erf(gate / 2 ** 0.5))


class CountNet(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.inp = nn.Linear(10, width)
        self.g1, self.n1 = GEGLU(width, width), nn.LayerNorm(width)
        self.g2, self.n2 = GEGLU(width, width), nn.LayerNorm(width)
        self.log_rate = nn.Linear(width, 1)

    def forward(self, x):
        h = self.inp(x)
        h = h + self.g1(self.n1(h))
        h = h + self.g2(self.n2(h))
        return self.log_rate(h).squeeze(-1)


def deviance(log_rate, y):
    rate = log_rate.clamp(-10, 10).exp()
    return (2 * (torch.xlogy(y, y.clamp(min=1)) - y * rate.log() - (y - rate))).mean().item()


def main():
    seed = int(os.environ.get("SEED", 0))
    torch.manual_seed(seed)
    gen = torch.Generator().manual_seed(seed)
    x, y = clinic_visits(8000, gen)
    xt, yt = clinic_visits(3000, gen)
    net = CountNet().to(torch.bfloat16)
    opt = torch.optim.Adam(net.parameters(), lr=1e-4)
    loss_fn = nn.PoissonNLLLoss(log_input=True)
    for epoch in range(24):
        total = 0.0
        for idx in torch.randperm(len(x)).split(64):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                out = net(x[idx])
            loss = loss_fn(out.float(), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        print(f"epoch {epoch} loss {total / len(x):.4f}")
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        pred = net(xt).float()
    base = torch.full_like(yt, y.mean().item()).log()
    print(f"deviance {deviance(pred, yt):.4f} (mean rate {deviance(base, yt):.4f})")


main()
