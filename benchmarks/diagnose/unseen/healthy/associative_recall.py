"""Associative recall: key-value pairs, then a query key; the model has to look the value up.
A solved model attends to one position with almost all of its weight."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Recall(nn.Module):
    def __init__(self, n_keys, n_vals, d=32):
        super().__init__()
        self.key_emb = nn.Embedding(n_keys, d)
        self.val_emb = nn.Embedding(n_vals, d)
        self.q = nn.Linear(d, d, bias=False)
        self.k = nn.Linear(d, d, bias=False)
        self.v = nn.Linear(d, d)
        self.gate = nn.Linear(d, d)
        self.mlp = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, 2 * d), nn.ReLU(), nn.Linear(2 * d, n_vals))
        self.log_temp = nn.Parameter(torch.zeros(()))

    def forward(self, keys, vals, query):
        ke = self.key_emb(keys)
        q = F.normalize(self.q(self.key_emb(query)), dim=-1)
        k = F.normalize(self.k(ke), dim=-1)
        score = 12 * self.log_temp.exp() * torch.einsum("bd,btd->bt", q, k)
        attn = score.softmax(-1)
        read = torch.einsum("bt,btd->bd", attn, self.v(self.val_emb(vals)))
        read = torch.sigmoid(self.gate(read)) * read
        return self.mlp(read), attn


def batch(n, n_keys, n_vals, T, gen):
    keys = torch.rand(n, n_keys, generator=gen).argsort(1)[:, :T]
    vals = torch.randint(n_vals, (n, T), generator=gen)
    pos = torch.randint(T, (n,), generator=gen)
    rows = torch.arange(n)
    return keys, vals, keys[rows, pos], vals[rows, pos], pos


def main():
    torch.set_num_threads(1)
    torch.manual_seed(17)
    gen = torch.Generator().manual_seed(17)
    n_keys, n_vals, T = 40, 20, 12
    model = Recall(n_keys, n_vals)
    opt = torch.optim.NAdam(model.parameters(), lr=4e-3)
    for step in range(450):
        keys, vals, query, target, _ = batch(128, n_keys, n_vals, T, gen)
        logits, attn = model(keys, vals, query)
        loss = F.cross_entropy(logits, target)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 50 == 0:
            ent = -(attn * (attn + 1e-12).log()).sum(1).mean()
            print(f"step {step:4d}  loss {loss.item():.5f}  attention entropy {ent.item():.4f}")
    with torch.no_grad():
        keys, vals, query, target, pos = batch(4000, n_keys, n_vals, T, gen)
        logits, attn = model(keys, vals, query)
        print(f"accuracy {(logits.argmax(1) == target).float().mean().item():.4f}  "
              f"(chance {1 / n_vals:.2f})  attention on the right pair "
              f"{attn[torch.arange(4000), pos].mean().item():.3f}")


if __name__ == "__main__":
    main()
