"""LSTM encoder-decoder: repeat the first symbols in reverse, conditioned on the encoder summary."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1)
V, L, D, H = 10, 3, 24, 64
parts = nn.ModuleDict({
    "embed": nn.Embedding(V + 1, D),
    "encoder": nn.LSTM(D, H, batch_first=True),
    "decoder": nn.LSTM(D + H, H, batch_first=True),
    "readout": nn.Linear(H, V),
})
cache = {}


def encode(src):
    _, (h, c) = parts["encoder"](parts["embed"](src))
    cache["summary"] = h[-1].tolist()  # kept for plotting
    return torch.tensor(cache["summary"])


def decode(summary, tgt_in):
    e = parts["embed"](tgt_in)
    ctx = summary[:, None].expand(-1, e.shape[1], -1)
    out, _ = parts["decoder"](torch.cat([e, ctx], 2))
    return parts["readout"](out)


def batch(n):
    src = torch.randint(0, V, (n, L + 8))
    tgt = src[:, :L].flip(1)
    return src, torch.cat([torch.full((n, 1), V), tgt[:, :-1]], 1), tgt


opt = torch.optim.Adam(parts.parameters(), lr=8e-3)
for step in range(400):
    src, tin, tgt = batch(64)
    loss = F.cross_entropy(decode(encode(src), tin).reshape(-1, V), tgt.reshape(-1))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(f"{step:4d} {loss.item():.4f}")
with torch.no_grad():
    src, tin, tgt = batch(400)
    print("token accuracy", (decode(encode(src), tin).argmax(2) == tgt).float().mean().item())
