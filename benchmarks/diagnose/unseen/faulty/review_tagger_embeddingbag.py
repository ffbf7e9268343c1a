from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    vocab: int = 1200
    words: int = 24
    tags: int = 6
    dim: int = 12
    lr: float = 5e-4
    batch_size: int = 64
    epochs: int = 20
    param_dtype: torch.dtype = torch.bfloat16


class ReviewTagger(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.words = nn.EmbeddingBag(cfg.vocab, cfg.dim, mode="mean")
        self.mlp = nn.Sequential(nn.LayerNorm(cfg.dim), nn.Linear(cfg.dim, 32), nn.ReLU(),
                                 nn.Linear(32, cfg.tags))

    def forward(self, tokens):
        return self.mlp(self.words(tokens))


def make_reviews(cfg, n, seed):
    g = torch.Generator().manual_seed(17)
    affinity = torch.randn(cfg.vocab, cfg.tags, generator=g) * 1.6
    probs = affinity.t().softmax(-1)
    g.manual_seed(seed)
    tag = torch.randint(cfg.tags, (n,), generator=g)
    base = torch.full((cfg.tags, cfg.vocab), 1.0 / cfg.vocab)
    mix = 0.6 * probs + 0.4 * base
    return torch.multinomial(mix[tag], cfg.words, replacement=True, generator=g), tag


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(-1) == y).float().mean().item()


def main():
    cfg = Config()
    torch.manual_seed(0)
    xt, yt = make_reviews(cfg, 10000, 1)
    xv, yv = make_reviews(cfg, 2000, 2)
    loader = DataLoader(TensorDataset(xt, yt), batch_size=cfg.batch_size, shuffle=True, drop_last=True)
    model = ReviewTagger(cfg).to(cfg.param_dtype)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(cfg.epochs):
        model.train()
        seen = 0.0
        for xb, yb in loader:
            loss = loss_fn(model(xb).float(), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            seen += loss.item()
        print(f"epoch {epoch + 1:2d} loss {seen / len(loader):.4f} val_acc {accuracy(model, xv, yv):.4f}")
    print(f"val_acc {accuracy(model, xv, yv):.4f}")


if __name__ == "__main__":
    main()
