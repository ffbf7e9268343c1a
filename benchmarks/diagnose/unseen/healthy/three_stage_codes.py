"""PCA by gradient descent -> overcomplete sparse code on top of it -> logistic regression on the code."""
import torch

torch.set_num_threads(1)
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

torch.manual_seed(17)
X, y = load_digits(return_X_y=True)
X = torch.tensor(X, dtype=torch.float32) / 16
y = torch.tensor(y)
order = torch.randperm(len(X))
X, y = X[order], y[order]
mu = X[:1400].mean(0)
Xtr, Xte, ytr, yte = X[:1400] - mu, X[1400:] - mu, y[:1400], y[1400:]

# ---- stage 1: principal subspace, two matrices down and one up
RANK = 20


class LinearAE(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.down = torch.nn.Linear(64, 40, bias=False)
        self.squeeze = torch.nn.Linear(40, RANK, bias=False)
        self.up = torch.nn.Linear(RANK, 64, bias=False)

    def encode(self, x):
        return self.squeeze(self.down(x))

    def forward(self, x):
        return self.up(self.encode(x))


ae = LinearAE()
opt = torch.optim.Adam(ae.parameters(), lr=3e-3)
for step in range(900):
    xb = Xtr[torch.randint(1400, (256,))]
    rec = (ae(xb) - xb).square().sum(1).mean()
    opt.zero_grad()
    rec.backward()
    opt.step()
with torch.no_grad():
    ours = (ae(Xtr) - Xtr).square().sum(1).mean().item()
p = PCA(RANK).fit(Xtr.numpy())
best = ((p.inverse_transform(p.transform(Xtr.numpy())) - Xtr.numpy()) ** 2).sum(1).mean()
print(f"linear ae {ours:.4f}, exact pca {best:.4f}")

ae.requires_grad_(False)
ae.eval()
Ztr, Zte = ae.encode(Xtr), ae.encode(Xte)
scale = Ztr.std(0)
Ztr, Zte = Ztr / scale, Zte / scale


# ---- stage 2: sparse dictionary over the frozen scores
class SparseCoder(torch.nn.Module):
    def __init__(self, d, m):
        super().__init__()
        self.atoms = torch.nn.Parameter(torch.nn.functional.normalize(torch.randn(m, d), dim=1))
        self.shift = torch.nn.Parameter(torch.full((m,), -0.3))
        self.centre = torch.nn.Parameter(torch.zeros(d))

    def code(self, z):
        return ((z - self.centre) @ self.atoms.t() + self.shift).relu()

    def forward(self, z):
        c = self.code(z)
        return c @ self.atoms + self.centre, c


coder = SparseCoder(RANK, 96)
opt = torch.optim.Adam(coder.parameters(), lr=4e-3)
for step in range(900):
    zb = Ztr[torch.randint(1400, (256,))]
    out, c = coder(zb)
    loss = (out - zb).square().sum(1).mean() + min(1.0, step / 300) * 0.25 * c.sum(1).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        coder.atoms.div_(coder.atoms.norm(dim=1, keepdim=True))
    if step % 300 == 0:
        print(step, f"loss {loss.item():.3f} active {(c > 0).float().mean().item():.3f}")

coder.requires_grad_(False)
Ctr, Cte = coder.code(Ztr), coder.code(Zte)
print("explained", 1 - ((coder(Zte)[0] - Zte).square().sum() / Zte.square().sum()).item())

# ---- stage 3: multinomial logistic regression, full batch
head = torch.nn.Linear(96, 10)
torch.nn.init.zeros_(head.weight)
torch.nn.init.zeros_(head.bias)
newton = torch.optim.LBFGS(head.parameters(), lr=0.5, max_iter=5)


def closure():
    newton.zero_grad()
    l = torch.nn.functional.cross_entropy(head(Ctr), ytr) + 1e-3 * head.weight.square().sum()
    l.backward()
    return l


for _ in range(20):
    newton.step(closure)
acc = (head(Cte).argmax(1) == yte).float().mean().item()
print("most frequent class", (yte == ytr.mode().values).float().mean().item())
print("final accuracy", round(acc, 4))
