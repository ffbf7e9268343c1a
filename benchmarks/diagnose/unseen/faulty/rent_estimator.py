# Monthly rent from a district id, a building type id and nine numeric measurements.
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.set_num_threads(1)
g = torch.Generator().manual_seed(11)
torch.manual_seed(11)

N = 12000
district = torch.randint(0, 40, (N,), generator=g)
kind = torch.randint(0, 6, (N,), generator=g)
num = torch.randn(N, 9, generator=g)
d_eff = torch.randn(40, generator=g)
k_eff = torch.randn(6, generator=g) * 0.5
rent = d_eff[district] + k_eff[kind] + num[:, 0] * num[:, 1] + torch.sin(2 * num[:, 2]) + 0.8 * num[:, 3].abs() - 0.5 * num[:, 4]
rent = rent + 0.1 * torch.randn(N, generator=g)
rent = ((rent - rent.mean()) / rent.std()).unsqueeze(1)

full = TensorDataset(district, kind, num, rent)
train, val = random_split(full, [10000, 2000], generator=g)


class Estimator(nn.Module):
    def __init__(self, hidden=64, prior=-4.0):
        super().__init__()
        self.district_emb = nn.Embedding(40, 12)
        self.kind_emb = nn.Embedding(6, 4)
        self.place = nn.Sequential(nn.Linear(16, 32), nn.ReLU6())
        self.numeric = nn.ModuleDict({
            "first": nn.Linear(9, hidden), "act1": nn.ReLU6(),
            "second": nn.Linear(hidden, hidden), "act2": nn.ReLU6(),
        })
        self.top = nn.Sequential(nn.Linear(32 + hidden, 48), nn.ReLU6(), nn.Linear(48, 1))
        nn.init.constant_(self.numeric["second"].bias, prior)

    def forward(self, d, k, x):
        p = self.place(torch.cat([self.district_emb(d), self.kind_emb(k)], 1))
        for step in ("first", "act1", "second", "act2"):
            x = self.numeric[step](x)
        return self.top(torch.cat([p, x], 1))


model = Estimator()
optim = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(14):
    tot = 0.0
    for d, k, x, y in DataLoader(train, batch_size=128, shuffle=True):
        loss = nn.functional.smooth_l1_loss(model(d, k, x), y)
        optim.zero_grad(set_to_none=True)
        loss.backward()
        optim.step()
        tot += loss.item() * len(y)
    with torch.no_grad():
        d, k, x, y = val.dataset[val.indices]
        r2 = 1 - ((model(d, k, x) - y) ** 2).mean() / y.var()
    print(f"{epoch:02d} train {tot / len(train):.4f} val_r2 {r2:.4f}", flush=True)
print("final val_r2 %.4f" % r2)
