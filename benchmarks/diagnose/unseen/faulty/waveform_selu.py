"""Self-normalising network for waveform type classification (sine / square / saw / chirp)."""
import argparse
import math

import torch
import torch.nn as nn

CLASSES = ["sine", "square", "saw", "chirp"]


def waveforms(n, gen, length=48):
    y = torch.randint(0, 4, (n,), generator=gen)
    f = 1.5 + 3 * torch.rand(n, 1, generator=gen)
    ph = torch.rand(n, 1, generator=gen)
    t = torch.linspace(0, 1, length)
    u = f * t + ph
    s = torch.sin(2 * math.pi * u)
    waves = torch.stack([s, torch.sign(s), 2 * (u % 1) - 1, torch.sin(2 * math.pi * (u + 1.5 * t ** 2))], 1)
    x = waves[torch.arange(n), y] + 0.25 * torch.randn(n, length, generator=gen)
    x = (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True)
    return x, y


def build(depth, width, n_in=48, n_out=4):
    layers, d = [], n_in
    for _ in range(depth):
        lin = nn.Linear(d, width)
        nn.init.kaiming_normal_(lin.weight, nonlinearity="relu")
        nn.init.zeros_(lin.bias)
        layers += [lin, nn.SELU()]
        d = width
    head = nn.Linear(d, n_out)
    nn.init.kaiming_normal_(head.weight, nonlinearity="linear")
    layers.append(head)
    return nn.Sequential(*layers)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    ap.add_argument("--depth", type=int, default=20)
    ap.add_argument("--width", type=int, default=64)
    ap.add_argument("--epochs", type=int, default=8)
    ap.add_argument("--lr", type=float, default=0.003)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    gen = torch.Generator().manual_seed(100)
    xtr, ytr = waveforms(4000, gen)
    xte, yte = waveforms(1500, gen)

    net = build(args.depth, args.width)
    opt = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9)
    crit = nn.CrossEntropyLoss()
    for epoch in range(1, args.epochs + 1):
        net.train()
        run = 0.0
        for idx in torch.randperm(len(xtr)).split(64):
            loss = crit(net(xtr[idx]), ytr[idx])
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            opt.step()
            run += loss.item() * len(idx)
        net.eval()
        with torch.no_grad():
            out = net(xte)
            acc = (out.argmax(1) == yte).float().mean().item()
            tl = crit(out, yte).item()
        print(f"epoch {epoch}: train loss {run / len(xtr):.4f} test loss {tl:.4f} acc {acc:.3f}")
    print(f"final test loss {tl:.4f} acc {acc:.4f}")


if __name__ == "__main__":
    main()
