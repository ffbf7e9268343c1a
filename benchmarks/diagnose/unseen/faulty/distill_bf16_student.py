"""Knowledge distillation, MNIST.  A float32 teacher is trained briefly, then a small bfloat16 student is
fitted to its softened outputs (Hinton et al., T = 4).  Student parameters are a plain list of tensors and
the update is our own Adam, because the deployment target has no optimizer library."""
import gzip, math
import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(21)
RAW = "../shared/data/MNIST/raw/"
DT = torch.bfloat16


def images(name, n):
    with gzip.open(RAW + name) as f:
        f.read(16)
        a = np.frombuffer(f.read(n * 784), np.uint8).reshape(n, 784)
    return (torch.tensor(a, dtype=torch.float32) / 255 - 0.1307) / 0.3081


def labels(name, n):
    with gzip.open(RAW + name) as f:
        f.read(8)
        return torch.tensor(np.frombuffer(f.read(n), np.uint8).astype(np.int64))


x, y = images("train-images-idx3-ubyte.gz", 4000), labels("train-labels-idx1-ubyte.gz", 4000)
xt, yt = images("t10k-images-idx3-ubyte.gz", 1500), labels("t10k-labels-idx1-ubyte.gz", 1500)

teacher = torch.nn.Sequential(torch.nn.Linear(784, 200), torch.nn.ReLU(), torch.nn.Linear(200, 10))
topt = torch.optim.Adam(teacher.parameters(), 1e-3)
for ep in range(4):
    for k in torch.randperm(4000).split(100):
        topt.zero_grad()
        F.cross_entropy(teacher(x[k]), y[k]).backward()
        topt.step()
with torch.no_grad():
    soft = F.softmax(teacher(x) / 4, 1)
    print("teacher accuracy", (teacher(xt).argmax(1) == yt).float().mean().item())


def init(i, o):
    return [(torch.randn(i, o) * math.sqrt(2 / i)).to(DT), torch.zeros(o, dtype=DT)]


theta = init(784, 32) + init(32, 32) + init(32, 10)
m = [torch.zeros_like(p, dtype=torch.float32) for p in theta]
v = [torch.zeros_like(p, dtype=torch.float32) for p in theta]


def student(theta, x):
    w1, b1, w2, b2, w3, b3 = theta
    h = F.relu(x.to(DT) @ w1 + b1)
    h = F.relu(h @ w2 + b2)
    return (h @ w3 + b3).float()


def adam(theta, grads, t, lr, betas=(0.9, 0.999), eps=1e-8):
    for p, g, mi, vi in zip(theta, grads, m, v):
        g = g.float()
        mi.mul_(betas[0]).add_(g, alpha=1 - betas[0])
        vi.mul_(betas[1]).addcmul_(g, g, value=1 - betas[1])
        mh, vh = mi / (1 - betas[0] ** t), vi / (1 - betas[1] ** t)
        p.sub_((lr * mh / (vh.sqrt() + eps)).to(p.dtype))


step = 0
for ep in range(9):
    tot = 0.0
    for k in torch.randperm(4000).split(50):
        step += 1
        ps = [p.detach().requires_grad_() for p in theta]
        out = student(ps, x[k])
        kd = F.kl_div(F.log_softmax(out / 4, 1), soft[k], reduction="batchmean") * 16
        loss = 0.8 * kd + 0.2 * F.cross_entropy(out, y[k])
        grads = torch.autograd.grad(loss, ps)
        adam(theta, grads, step, lr=1e-4 * min(1.0, step / 20))
        tot += loss.item()
    acc = (student(theta, xt).argmax(1) == yt).float().mean().item()
    print(f"epoch {ep}  loss {tot / 80:.4f}  student accuracy {acc:.4f}")
print("final student accuracy", round(acc, 4))
