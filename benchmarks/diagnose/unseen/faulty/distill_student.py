"""Knowledge distillation from a wide teacher into a slim but deep student on scikit-learn digits."""
import argparse
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.set_num_threads(1)


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--teacher-width", type=int, default=256)
    p.add_argument("--student-width", type=int, default=40)
    p.add_argument("--student-depth", type=int, default=9)
    p.add_argument("--temperature", type=float, default=3.0)
    p.add_argument("--alpha", type=float, default=0.7)
    p.add_argument("--epochs", type=int, default=25)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


class Student(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.stem = nn.Linear(64, width)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth - 1))
        self.classifier = nn.Linear(width, 10)

    def forward(self, x):
        h = torch.sigmoid(self.stem(x))
        for layer in self.layers:
            h = torch.sigmoid(layer(h))
        return self.classifier(h)


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def train_teacher(args, x, y):
    teacher = nn.Sequential(nn.Linear(64, args.teacher_width), nn.ReLU(), nn.Linear(args.teacher_width, 10))
    opt = torch.optim.Adam(teacher.parameters(), lr=2e-3)
    for _ in range(12):
        for idx in torch.randperm(len(x)).split(64):
            loss = F.cross_entropy(teacher(x[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
    return teacher.eval().requires_grad_(False)


def distill_loss(student_logits, teacher_logits, y, t, alpha):
    soft = F.kl_div(F.log_softmax(student_logits / t, 1), F.softmax(teacher_logits / t, 1),
                    reduction="batchmean") * t * t
    return alpha * soft + (1 - alpha) * F.cross_entropy(student_logits, y)


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    data = load_digits()
    x = torch.tensor(data.data, dtype=torch.float32)
    x, y = (x - x.mean()) / x.std(), torch.tensor(data.target)
    perm = torch.randperm(len(x))
    x, y = x[perm], y[perm]
    xtr, ytr, xte, yte = x[:1300], y[:1300], x[1300:], y[1300:]
    teacher = train_teacher(args, xtr, ytr)
    print(f"teacher accuracy {accuracy(teacher, xte, yte):.4f}")

    student = Student(args.student_width, args.student_depth)
    opt = torch.optim.Adam(student.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        student.train()
        for idx in torch.randperm(len(xtr)).split(32):
            loss = distill_loss(student(xtr[idx]), teacher(xtr[idx]), ytr[idx], args.temperature, args.alpha)
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 5 == 0:
            print(f"epoch {epoch} loss {loss.item():.4f} accuracy {accuracy(student, xte, yte):.4f}")
    print(f"final student accuracy {accuracy(student, xte, yte):.4f}")


if __name__ == "__main__":
    main()
