"""Character model on tinyshakespeare with a minimal gated cell unrolled in Python."""
import argparse
import math
import os
import torch

torch.set_num_threads(1)
ap = argparse.ArgumentParser()
ap.add_argument("--hidden", type=int, default=96)
ap.add_argument("--window", type=int, default=32)
ap.add_argument("--batch", type=int, default=16)
ap.add_argument("--accumulate", type=int, default=2)
ap.add_argument("--steps", type=int, default=280)
ap.add_argument("--lr", type=float, default=6e-3)
ap.add_argument("--clip", type=float, default=0.5)
args = ap.parse_args()
torch.manual_seed(int(os.environ.get("SEED", 0)))

path = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")
text = open(path, encoding="utf-8").read()[:200000]
vocab = sorted(set(text))
ids = torch.tensor([vocab.index(c) for c in text])
train, valid = ids[:180000], ids[180000:]
V, H = len(vocab), args.hidden


class GRU(torch.nn.Module):
    def __init__(self):
        super().__init__()
        P = torch.nn.Parameter
        self.emb = P(torch.randn(V, 32) * 0.5)
        self.wx = P(torch.randn(32, 3 * H) / math.sqrt(32))
        self.wh = P(torch.randn(H, 2 * H) / math.sqrt(H))
        self.wc = P(torch.linalg.qr(torch.randn(H, H))[0])
        self.b = P(torch.cat([torch.full((H,), 1.0), torch.zeros(2 * H)]))
        self.out = P(torch.randn(H, V) / math.sqrt(H))
        self.out_b = P(torch.zeros(V))

    def forward(self, x, h):
        pre = self.emb[x] @ self.wx + self.b
        outs = []
        for t in range(x.shape[1]):
            xz, xr, xc = pre[:, t].split(H, 1)
            hz, hr = (h @ self.wh).split(H, 1)
            keep, reset = torch.sigmoid(xz + hz), torch.sigmoid(xr + hr)
            cand = torch.tanh(xc + (reset * h) @ self.wc)
            h = keep * h + (1 - keep) * cand
            outs.append(h)
        return torch.stack(outs, 1) @ self.out + self.out_b, h


def bits(z, y):
    picked = z.gather(-1, y.unsqueeze(-1)).squeeze(-1)
    return (torch.logsumexp(z, -1) - picked).mean() / math.log(2)


B = args.batch
stream = train[: len(train) // B * B].view(B, -1)
model, state, at = GRU(), torch.zeros(B, H), 0
opt = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-3)
for step in range(args.steps):
    for group in opt.param_groups:
        group["lr"] = args.lr * min(step / 40, 1.0, (args.steps - step) / 150)
    opt.zero_grad()
    for _ in range(args.accumulate):
        if at + args.window + 1 > stream.shape[1]:
            at, state = 0, torch.zeros(B, H)
        x, y = stream[:, at:at + args.window], stream[:, at + 1:at + args.window + 1]
        z, state = model(x, state)
        state = state.detach()
        loss = bits(z, y)
        (loss / args.accumulate).backward()
        at += args.window
    torch.nn.utils.clip_grad_norm_(model.parameters(), args.clip)
    opt.step()
    if step % 50 == 0:
        print(f"{step} {loss.item():.3f} bits")

with torch.no_grad():
    n = 100
    v = valid[: len(valid) // n * n].view(n, -1)
    z, _ = model(v[:, :-1], torch.zeros(n, H))
    ours = bits(z[:, 10:], v[:, 11:]).item()
    freq = torch.bincount(train, minlength=V).float() + 1
    unigram = bits(freq.log().expand(v[:, 11:].shape + (V,)), v[:, 11:]).item()
print(f"held-out bits per character {ours:.3f}  unigram {unigram:.3f}")
