import torch
from torch import nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(0)
X, y = load_breast_cancer(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.3, stratify=y, random_state=4)
sc = StandardScaler().fit(Xtr)
Xtr, Xte = (torch.tensor(sc.transform(a), dtype=torch.float32) for a in (Xtr, Xte))
ytr, yte = (torch.tensor(a * 2 - 1, dtype=torch.float32) for a in (ytr, yte))


class LowRankLinear(nn.Module):
    def __init__(self, d_in, d_out, rank):
        super().__init__()
        self.down = nn.Linear(d_in, rank, bias=False)
        self.up = nn.Linear(rank, d_out)

    def forward(self, x):
        return self.up(self.down(x))


class MarginClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = LowRankLinear(30, 64, 6)
        self.act = nn.ReLU()
        self.layer2 = LowRankLinear(64, 1, 4)

    def forward(self, x):
        return self.layer2(self.act(self.layer1(x))).squeeze(1)


net = MarginClassifier()
opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-4)
sched = torch.optim.lr_scheduler.MultiStepLR(opt, [60, 90], gamma=0.1)
for epoch in range(110):
    for ids in torch.randperm(len(Xtr)).split(32):
        margin = ytr[ids] * net(Xtr[ids])
        loss = torch.clamp(1 - margin, min=0).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    sched.step()
    if epoch % 10 == 9:
        with torch.no_grad():
            acc = (net(Xte).sign() == yte).float().mean().item()
            hinge = torch.clamp(1 - ytr * net(Xtr), min=0).mean().item()
        print(f"epoch {epoch + 1} hinge {hinge:.5f} test_acc {acc:.4f}")
print(f"test_acc {acc:.4f} majority {(yte > 0).float().mean():.4f}")
