# Leaky-integrator RNN on a delayed-report task (cue -> noisy delay -> report).
# The network sees a cue during the first three time steps, must hold it over a
# delay filled with noise and then say which of 4 cues it was.
import argparse
import math
import torch
from torch import nn


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--hidden", type=int, default=48)
    p.add_argument("--delay", type=int, default=40)
    p.add_argument("--dt", type=float, default=20.0, help="ms per step")
    p.add_argument("--tau", type=float, default=40.0, help="membrane time constant, ms")
    p.add_argument("--steps", type=int, default=260)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--seed", type=int, default=3)
    return p.parse_args()


class LeakyRNN(nn.Module):
    def __init__(self, n_in, n_hid, n_out, alpha):
        super().__init__()
        self.alpha = alpha
        self.inp = nn.Linear(n_in, n_hid)
        self.rec = nn.Linear(n_hid, n_hid, bias=False)
        self.out = nn.Linear(n_hid, n_out)
        nn.init.normal_(self.rec.weight, std=0.5 / math.sqrt(n_hid))

    def forward(self, x):                     # x: time, batch, features
        h = x.new_zeros(x.shape[1], self.rec.in_features)
        drive = self.inp(x)
        for t in range(x.shape[0]):
            h = (1 - self.alpha) * h + self.alpha * torch.tanh(drive[t] + self.rec(h))
        return self.out(h)


def make_batch(n, delay, gen):
    cue = torch.randint(0, 4, (n,), generator=gen)
    x = 0.1 * torch.randn(3 + delay, n, 5, generator=gen)
    for t in range(3):
        x[t, torch.arange(n), cue] += 1.0
    x[-1, :, 4] += 1.0                        # go signal
    return x, cue


def main():
    args = get_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    gen = torch.Generator().manual_seed(args.seed)
    model = LeakyRNN(5, args.hidden, 4, alpha=args.dt / args.tau)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    for step in range(args.steps):
        x, y = make_batch(args.batch, args.delay, gen)
        loss = nn.functional.cross_entropy(model(x), y)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        if step % 40 == 0:
            print(f"step {step:4d}  loss {loss.item():.4f}")
    with torch.no_grad():
        x, y = make_batch(1000, args.delay, gen)
        acc = (model(x).argmax(-1) == y).float().mean().item()
    print(f"report accuracy: {acc:.3f} (4 cues)")


if __name__ == "__main__":
    main()
