"""GRU encoder-decoder that reverses short token sequences."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
V, L = 8, 4


class Seq2Seq(nn.Module):
    def __init__(self, d=32, h=96):
        super().__init__()
        self.emb = nn.Embedding(V + 1, d)
        self.encoder = nn.GRU(d, h, batch_first=True)
        self.decoder = nn.GRU(d, h, batch_first=True)
        self.out = nn.Linear(h, V)
        self.reset_parameters()

    def reset_parameters(self):
        for name, p in self.named_parameters():
            if p.dim() > 1:
                nn.init.constant_(p, 0.05)
            elif "bias" in name:
                nn.init.zeros_(p)

    def forward(self, src, tgt_in):
        _, state = self.encoder(self.emb(src))
        h, _ = self.decoder(self.emb(tgt_in), state)
        return self.out(h)


def batch(n):
    src = torch.randint(0, V, (n, L))
    tgt = src.flip(1)
    return src, torch.cat([torch.full((n, 1), V), tgt[:, :-1]], 1), tgt


model = Seq2Seq()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(300):
    src, tin, tgt = batch(64)
    loss = F.cross_entropy(model(src, tin).reshape(-1, V), tgt.reshape(-1))
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    if step % 50 == 0:
        print(f"{step}: {loss.item():.4f}")
with torch.no_grad():
    src, tin, tgt = batch(500)
    print("token accuracy", (model(src, tin).argmax(2) == tgt).float().mean().item())
