"""Neural matrix factorisation on simulated movie ratings; weights kept small in memory."""
import numpy as np
import torch
from torch import nn

config = {
    "users": 300, "items": 200, "dim": 8, "ratings": 60000,
    "dtype": torch.bfloat16, "lr": 1e-3, "batch": 256, "epochs": 45, "seed": 23,
}


def simulate(c):
    r = np.random.default_rng(c["seed"])
    pu, qi = r.normal(size=(c["users"], 3)), r.normal(size=(c["items"], 3))
    bu, bi = 0.4 * r.normal(size=c["users"]), 0.5 * r.normal(size=c["items"])
    u = r.integers(0, c["users"], c["ratings"])
    i = r.integers(0, c["items"], c["ratings"])
    y = 0.5 * (pu[u] * qi[i]).sum(1) + bu[u] + bi[i] + 0.2 * r.normal(size=c["ratings"])
    y = (y - y.mean()) / y.std()
    return torch.tensor(u), torch.tensor(i), torch.tensor(y, dtype=torch.float32)


class NeuMF(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.user = nn.Embedding(c["users"], c["dim"])
        self.item = nn.Embedding(c["items"], c["dim"])
        self.tower = nn.Sequential(nn.Linear(3 * c["dim"], 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
        self.score = nn.Linear(32, 1)

    def forward(self, u, i):
        p, q = self.user(u), self.item(i)
        return self.score(self.tower(torch.cat([p, q, p * q], dim=1))).squeeze(1)


class Recommender:
    def __init__(self, c):
        torch.manual_seed(c["seed"])
        self.c = c
        u, i, y = simulate(c)
        cut = int(0.85 * len(y))
        self.train = (u[:cut], i[:cut], y[:cut])
        self.val = (u[cut:], i[cut:], y[cut:])
        self.model = NeuMF(c).to(c["dtype"])
        self.opt = torch.optim.Adam(self.model.parameters(), lr=c["lr"])

    def mse(self):
        u, i, y = self.val
        self.model.eval()
        with torch.no_grad():
            out = ((self.model(u, i).float() - y) ** 2).mean().item()
        self.model.train()
        return out

    def fit(self):
        u, i, y = self.train
        for epoch in range(self.c["epochs"]):
            total = 0.0
            batches = torch.randperm(len(y)).split(self.c["batch"])
            for b in batches:
                loss = nn.functional.mse_loss(self.model(u[b], i[b]).float(), y[b])
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
                total += loss.item()
            if epoch % 3 == 2:
                print(f"epoch {epoch + 1} train mse {total / len(batches):.4f} val mse {self.mse():.4f}")
        print(f"final val mse {self.mse():.4f} (variance {self.val[2].var().item():.3f})")


if __name__ == "__main__":
    Recommender(config).fit()
