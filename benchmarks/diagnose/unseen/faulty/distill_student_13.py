"""Knowledge distillation: a wide teacher teaches a compact student on the digits."""
import os
from types import SimpleNamespace

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)

cfg = SimpleNamespace(T=3.0, alpha=0.6, teacher_epochs=12, student_epochs=25, bs=64, lr_t=2e-3, lr_s=2e-3)


class Mish(nn.Module):
    def forward(self, x):
        return x * torch.tanh(F.softplus(x))


class MLPBlock(nn.Module):
    def __init__(self, d_in, d_out, p):
        super().__init__()
        self.lin, self.norm = nn.Linear(d_in, d_out), nn.LayerNorm(d_out)
        self.act, self.drop = Mish(), nn.Dropout(p)

    def forward(self, x):
        return self.drop(self.act(self.norm(self.lin(x))))


class Teacher(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(MLPBlock(64, 256, 0.2), MLPBlock(256, 256, 0.2), nn.Linear(256, 10))

    def forward(self, x):
        return self.net(x)


class Student(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.block = MLPBlock(64, hidden, 0.0)
        self.classifier = nn.Linear(hidden, 10)

    def forward(self, x):
        return F.softmax(self.classifier(self.block(x)), dim=-1)


def kd_loss(student_out, teacher_out, y):
    soft = F.kl_div(F.log_softmax(student_out / cfg.T, -1), F.softmax(teacher_out / cfg.T, -1),
                    reduction="batchmean") * cfg.T ** 2
    hard = F.cross_entropy(student_out, y)
    return cfg.alpha * soft + (1 - cfg.alpha) * hard


class Distiller:
    def __init__(self, teacher, student, data):
        self.teacher, self.student = teacher, student
        self.xtr, self.xte, self.ytr, self.yte = data

    def batches(self):
        for i in torch.randperm(len(self.xtr)).split(cfg.bs):
            yield self.xtr[i], self.ytr[i]

    def train_teacher(self):
        opt = torch.optim.AdamW(self.teacher.parameters(), lr=cfg.lr_t, weight_decay=1e-2)
        for _ in range(cfg.teacher_epochs):
            for x, y in self.batches():
                opt.zero_grad()
                F.cross_entropy(self.teacher(x), y, label_smoothing=0.05).backward()
                opt.step()
        self.teacher.eval().requires_grad_(False)

    def train_student(self):
        opt = torch.optim.Adam(self.student.parameters(), lr=cfg.lr_s)
        for epoch in range(cfg.student_epochs):
            for x, y in self.batches():
                with torch.no_grad():
                    t = self.teacher(x)
                loss = kd_loss(self.student(x), t, y)
                opt.zero_grad()
                loss.backward()
                opt.step()
            if epoch % 10 == 0:
                print(f"epoch {epoch} loss {loss.item():.4f}")

    @torch.no_grad()
    def evaluate(self, model):
        out = model.eval()(self.xte)
        return (out.argmax(1) == self.yte).float().mean().item(), F.cross_entropy(out, self.yte).item()


X, y = load_digits(return_X_y=True)
X = torch.tensor(X / 8.0 - 1.0, dtype=torch.float32)
data = train_test_split(X, torch.tensor(y), test_size=0.3, random_state=SEED)
d = Distiller(Teacher(), Student(), data)
d.train_teacher()
print("teacher acc %.4f nll %.4f" % d.evaluate(d.teacher))
d.train_student()
print("student acc %.4f nll %.4f" % d.evaluate(d.student))
