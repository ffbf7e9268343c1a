"""Multi-label tagging of synthetic bag-of-words documents.

Sigmoid outputs with nn.BCELoss, rare tags, an L1-penalised input layer (most words are
noise), strong decoupled weight decay on the rest: Adam for the first layer, AdamW for the others.
"""
import numpy as np
import torch
from torch import nn


class Tagger(nn.Module):
    def __init__(self, n_words, n_tags, h=64):
        super().__init__()
        self.words = nn.Linear(n_words, h)
        self.mid = nn.Linear(h, h)
        self.tags = nn.Linear(h, n_tags)
        nn.init.constant_(self.tags.bias, -2.0)        # prior: tags are rare

    def forward(self, x):
        h = torch.relu(self.words(x))
        h = h + torch.relu(self.mid(h))
        return torch.sigmoid(self.tags(h))


def documents(rng, n, n_words, pairs, topic_words):
    """Documents of uneven length; some tags mean "exactly one of two topics"."""
    topics = (rng.random((n, len(topic_words))) < 0.12).astype(np.float32)
    rate = 0.02 * np.ones((n, n_words))
    for t, words in enumerate(topic_words):
        rate[:, words] += 0.5 * topics[:, [t]]
    rate *= rng.uniform(0.7, 4.0, (n, 1))
    counts = rng.poisson(rate)
    either = np.stack([np.abs(topics[:, a] - topics[:, b]) for a, b in pairs], 1)
    tags = np.concatenate([topics, either], 1)
    return torch.tensor(np.log1p(counts), dtype=torch.float32), torch.tensor(tags)


def average_precision(score, target):
    order = score.argsort(descending=True)
    t = target[order]
    prec = t.cumsum(0) / torch.arange(1, len(t) + 1)
    return (prec * t).sum().item() / max(1.0, t.sum().item())


class Trainer:
    l1 = 5e-5
    epochs = 14
    batch = 64

    def __init__(self, model):
        self.model = model
        self.loss = nn.BCELoss()
        rest = [p for n, p in model.named_parameters() if not n.startswith("words")]
        self.opts = [torch.optim.Adam(model.words.parameters(), lr=3e-3),
                     torch.optim.AdamW(rest, lr=3e-3, weight_decay=0.1)]

    def fit(self, x, y):
        for ep in range(self.epochs):
            tot = 0.0
            for b in torch.randperm(len(x)).split(self.batch):
                bce = self.loss(self.model(x[b]), y[b])
                obj = bce + self.l1 * self.model.words.weight.abs().sum()
                for o in self.opts:
                    o.zero_grad()
                obj.backward()
                for o in self.opts:
                    o.step()
                tot += bce.item() * len(b)
            if ep % 2 == 0:
                small = (self.model.words.weight.abs() < 1e-2).float().mean().item()
                print(f"epoch {ep:2d}  bce {tot / len(x):.4f}  near-zero word weights {small:.2f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(9)
    rng = np.random.default_rng(9)
    W, topics = 400, 12
    topic_words = [rng.choice(160, 10, replace=False) for _ in range(topics)]
    pairs = [(i, (i + 5) % topics) for i in range(8)]
    T = topics + len(pairs)
    x, y = documents(rng, 4000, W, pairs, topic_words)
    xt, yt = documents(rng, 2000, W, pairs, topic_words)
    tr = Trainer(Tagger(W, T))
    tr.fit(x, y)
    with torch.no_grad():
        p = tr.model(xt)
        bce = nn.functional.binary_cross_entropy(p, yt).item()
        q = y.mean(0)
        base = nn.functional.binary_cross_entropy(q.expand_as(yt), yt).item()
        ap = np.mean([average_precision(p[:, t], yt[:, t]) for t in range(T)])
    print(f"test bce {bce:.4f} (tag frequencies alone {base:.4f})  mean average precision {ap:.4f}")
