import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class Expert(nn.Sequential):
    def __init__(self, d, h, o):
        super().__init__(nn.Linear(d, h), nn.ReLU(), nn.Linear(h, o))


class TopKMoE(nn.Module):
    def __init__(self, d, h, o, n=6, k=2):
        super().__init__()
        self.n, self.k = n, k
        self.router = nn.Linear(d, n, bias=False)
        nn.init.normal_(self.router.weight, std=0.02)
        self.experts = nn.ModuleList(Expert(d, h, o) for _ in range(n))

    def forward(self, x):
        probs = F.softmax(self.router(x), dim=-1)
        top, idx = probs.topk(self.k, dim=-1)
        top = top / top.sum(-1, keepdim=True)
        out = 0
        for slot in range(self.k):
            for e, expert in enumerate(self.experts):
                rows = (idx[:, slot] == e).nonzero(as_tuple=True)[0]
                if len(rows):
                    part = torch.zeros(len(x), 10).index_copy(0, rows, top[rows, slot, None] * expert(x[rows]))
                    out = out + part
        load = F.one_hot(idx[:, 0], self.n).float().mean(0)
        return out, self.n * (load * probs.mean(0)).sum(), load


def evaluate(model, x, y):
    model.eval()
    with torch.no_grad():
        logits, _, load = model(x)
    return (logits.argmax(-1) == y).float().mean().item(), load


if __name__ == "__main__":
    torch.manual_seed(0)
    data = load_digits()
    x = torch.tensor(data.data, dtype=torch.float32)
    x = (x - x.mean()) / x.std()
    y = torch.tensor(data.target)
    perm = torch.randperm(len(x))
    tr, te = perm[:1400], perm[1400:]
    moe = TopKMoE(64, 32, 10)
    opt = torch.optim.AdamW(moe.parameters(), lr=2e-3)
    for epoch in range(15):
        moe.train()
        for b in tr[torch.randperm(len(tr))].split(64):
            logits, balance, _ = moe(x[b])
            loss = F.cross_entropy(logits, y[b]) + 0.1 * balance
            opt.zero_grad()
            loss.backward()
            opt.step()
        acc, load = evaluate(moe, x[te], y[te])
        print(f"epoch {epoch:2d} loss {loss.item():.3f} acc {acc:.3f} load", [round(v, 2) for v in load.tolist()])
