import os, gzip, numpy as np, torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(55)


class ReBlock(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.fc1 = nn.Linear(d, d)
        self.fc2 = nn.Linear(d, d)
        self.gain = nn.Parameter(torch.zeros(()))
        nn.init.kaiming_normal_(self.fc1.weight, nonlinearity="relu")
        nn.init.zeros_(self.fc1.bias)

    def forward(self, x):
        return x + self.gain * self.fc2(torch.relu(self.fc1(x)))


class Deep(nn.Module):
    def __init__(self, d=64, depth=50):
        super().__init__()
        self.stem = nn.Linear(196, d)
        self.body = nn.Sequential(*[ReBlock(d) for _ in range(depth)])
        self.head = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, 10))

    def forward(self, x):
        return self.head(self.body(self.stem(x)))


root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
with gzip.open(os.path.join(root, "train-images-idx3-ubyte.gz")) as f:
    x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 28, 28)[:7000, ::2, ::2].reshape(7000, -1)
with gzip.open(os.path.join(root, "train-labels-idx1-ubyte.gz")) as f:
    y = torch.from_numpy(np.frombuffer(f.read(), np.uint8, offset=8)[:7000].astype("int64"))
x = torch.from_numpy(x.astype("float32")) / 255

net = Deep()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.01)
WARM = 100
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / WARM))
for epoch in range(6):
    for i in torch.randperm(6000).split(60):
        loss = nn.functional.cross_entropy(net(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 0.5)
        opt.step()
        sched.step()
    with torch.no_grad():
        acc = (net(x[6000:]).argmax(1) == y[6000:]).float().mean().item()
    print(f"epoch {epoch} loss {loss.item():.4f} acc {acc:.4f}")
print(f"final acc {acc:.4f} (chance 0.1)")
