import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.set_num_threads(1)
torch.manual_seed(4)

X, y = load_digits(return_X_y=True)
Xa, Xb, ya, yb = train_test_split(X / 16.0, y, test_size=0.3, random_state=0, stratify=y)
Xa, Xb = torch.tensor(Xa).float(), torch.tensor(Xb).float()
ya, yb = torch.tensor(ya), torch.tensor(yb)
noise = 1.5 * torch.randn(len(Xa) + len(Xb), 32)
Xa = torch.cat([Xa, noise[:len(Xa)]], 1)
Xb = torch.cat([Xb, noise[len(Xa):]], 1)


class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)


class Embedder(nn.Module):
    def __init__(self, n_in, dim):
        super().__init__()
        self.tower = nn.ModuleDict({
            "fc1": nn.Linear(n_in, 128), "act1": Swish(),
            "fc2": nn.Linear(128, 64), "act2": Swish(),
            "out": nn.Linear(64, dim),
        })

    def forward(self, x):
        for m in self.tower.values():
            x = m(x)
        return x


def pairwise_distance(a, b):
    sq = (a[:, None, :] - b[None, :, :]).pow(2).sum(-1)
    return torch.sqrt(sq)


def batch_hard_triplet(z, y, margin=1.0):
    d = pairwise_distance(z, z)
    same = y[:, None] == y[None, :]
    hardest_pos = (d * same).max(1).values
    hardest_neg = torch.where(same, d + 1e4, d).min(1).values
    return torch.nn.functional.softplus(hardest_pos - hardest_neg + margin).mean() + 1e-3 * d.mean()


def knn_accuracy(net, k=5):
    with torch.no_grad():
        d = pairwise_distance(net(Xb), net(Xa))
        nn_idx = d.topk(k, largest=False).indices
        votes = torch.nn.functional.one_hot(ya[nn_idx], 10).sum(1)
        return (votes.argmax(1) == yb).float().mean().item()


net = Embedder(Xa.shape[1], 16)
opt = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4)
for epoch in range(12):
    run = []
    for idx in torch.randperm(len(Xa)).split(96):
        loss = batch_hard_triplet(net(Xa[idx]), ya[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        run.append(loss.item())
    print(f"epoch {epoch} triplet {sum(run) / len(run):.4f}")
print(f"final_metric knn_accuracy {knn_accuracy(net):.4f}")
