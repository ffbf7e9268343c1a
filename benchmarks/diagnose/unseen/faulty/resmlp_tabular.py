"""Normalisation-free residual MLP for tabular data (multi-class)."""
import torch
from torch import nn
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


class ResidualBlock(nn.Module):
    def __init__(self, dim, expansion, scale):
        super().__init__()
        self.lin1 = nn.Linear(dim, dim * expansion)
        self.lin2 = nn.Linear(dim * expansion, dim)
        self.scale = scale
        nn.init.kaiming_normal_(self.lin1.weight)
        nn.init.kaiming_normal_(self.lin2.weight)
        nn.init.zeros_(self.lin1.bias)
        nn.init.zeros_(self.lin2.bias)

    def forward(self, x):
        return x + self.scale * self.lin2(torch.relu(self.lin1(x)))


class ResMLP(nn.Module):
    def __init__(self, in_dim, n_classes, dim=48, depth=18, expansion=2, res_scale=1.0):
        super().__init__()
        self.embed = nn.Linear(in_dim, dim)
        self.blocks = nn.Sequential(
            *[ResidualBlock(dim, expansion, res_scale) for _ in range(depth)]
        )
        self.head = nn.Linear(dim, n_classes)

    def forward(self, x):
        return self.head(self.blocks(self.embed(x)))


def get_data(seed):
    X, y = make_classification(
        n_samples=5000,
        n_features=24,
        n_informative=14,
        n_redundant=4,
        n_classes=6,
        n_clusters_per_class=2,
        class_sep=1.6,
        random_state=seed,
    )
    Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.2, random_state=seed, stratify=y)
    sc = StandardScaler().fit(Xtr)
    f = lambda a: torch.tensor(sc.transform(a), dtype=torch.float32)
    return f(Xtr), torch.tensor(ytr), f(Xte), torch.tensor(yte)


def main(seed=5, epochs=12, batch=128, lr=0.002):
    torch.manual_seed(seed)
    Xtr, ytr, Xte, yte = get_data(seed)
    model = ResMLP(Xtr.shape[1], 6)
    n_params = sum(p.numel() for p in model.parameters())
    print(f"{n_params / 1e3:.0f}k parameters")
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    sched = torch.optim.lr_scheduler.OneCycleLR(
        opt, max_lr=lr, total_steps=epochs * ((len(Xtr) + batch - 1) // batch)
    )
    loss_fn = nn.CrossEntropyLoss()
    step = 0
    for epoch in range(epochs):
        model.train()
        for idx in torch.randperm(len(Xtr)).split(batch):
            logits = model(Xtr[idx])
            loss = loss_fn(logits, ytr[idx])
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            sched.step()
            if step % 50 == 0:
                print(f"  step {step:4d} loss {loss.item():.4f}")
            step += 1
        model.eval()
        with torch.no_grad():
            out = model(Xte)
            acc = (out.argmax(1) == yte).float().mean().item()
            vl = loss_fn(out, yte).item()
        print(f"epoch {epoch}: val loss {vl:.4f} acc {acc:.4f}")


main()
