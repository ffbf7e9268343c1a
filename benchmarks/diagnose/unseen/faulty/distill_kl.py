# Knowledge distillation: a small student follows a teacher's soft labels
import torch
from torch import nn
from torch.nn import functional as F
from sklearn.datasets import load_digits

torch.manual_seed(0)
d = load_digits()
X, y = torch.tensor(d.data).float() / 16, torch.tensor(d.target)
Xtr, ytr, Xte, yte = X[:1400], y[:1400], X[1400:], y[1400:]

teacher = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
opt = torch.optim.Adam(teacher.parameters(), lr=3e-3)
for _ in range(150):
    opt.zero_grad()
    F.cross_entropy(teacher(Xtr), ytr).backward()
    opt.step()
with torch.no_grad():
    soft = F.softmax(teacher(Xtr), dim=1)

student = nn.Sequential(nn.Linear(64, 24), nn.GELU(), nn.Linear(24, 10))
kl = nn.KLDivLoss(reduction="batchmean")
opt = torch.optim.SGD(student.parameters(), lr=0.2, momentum=0.9)
for epoch in range(25):
    for idx in torch.randperm(1400).split(100):
        out = F.softmax(student(Xtr[idx]), dim=1)
        loss = kl(out, soft[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 0:
        print(epoch, "kl", loss.item())
with torch.no_grad():
    q = F.log_softmax(student(Xte), 1)
    print("student test nll", F.nll_loss(q, yte).item(), "kl to teacher", kl(q, F.softmax(teacher(Xte), 1)).item())
