import gzip
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def load(split, n):
    root = "../shared/data/MNIST/raw/" + split
    img = np.frombuffer(gzip.open(root + "-images-idx3-ubyte.gz").read(), np.uint8, offset=16).reshape(-1, 784)[:n]
    lab = np.frombuffer(gzip.open(root + "-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)[:n]
    return torch.tensor(img, dtype=torch.float32) / 255 - 0.13, torch.tensor(lab, dtype=torch.long)


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()


torch.manual_seed(0)
x, y = load("train", 9000)
xt, yt = load("t10k", 2000)
teacher = nn.Sequential(nn.Linear(784, 256), nn.BatchNorm1d(256, affine=False), nn.ReLU(), nn.Dropout(0.3),
                        nn.Linear(256, 128), nn.BatchNorm1d(128, affine=False), nn.ReLU(), nn.Linear(128, 10))
opt = torch.optim.Adadelta(teacher.parameters(), lr=1.0)
for ep in range(3):
    teacher.train()
    for b in torch.randperm(len(x)).split(90):
        opt.zero_grad()
        F.cross_entropy(teacher(x[b]), y[b]).backward()
        opt.step()
print("teacher", accuracy(teacher, xt, yt))
teacher.requires_grad_(False)

# the student sees 6000 images the teacher has labelled softly, no hard labels at all
T = 4.0
student = nn.Sequential(nn.Linear(784, 32), nn.PReLU(32), nn.Linear(32, 10))
opt = torch.optim.Adagrad(student.parameters(), lr=0.06)
kd = nn.KLDivLoss(reduction="batchmean")
for ep in range(5):
    student.train()
    for b in torch.randperm(6000).split(60):
        with torch.no_grad():
            soft = F.softmax(teacher(x[b]) / T, dim=1)
        loss = T * T * kd(F.log_softmax(student(x[b]) / T, dim=1), soft)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {ep} kd loss {loss.item():.4f} student {accuracy(student, xt, yt):.4f}")
print("chance 0.1")
