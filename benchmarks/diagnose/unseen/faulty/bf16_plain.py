# logistic-style two layer digit model written on plain tensors
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(0)
DTYPE = torch.bfloat16
d = load_digits()
X = torch.tensor(d.data / 16).to(DTYPE)
y = torch.tensor(d.target)

W1 = (torch.randn(64, 96) * (2 / 64) ** 0.5).to(DTYPE).requires_grad_()
b1 = torch.full((96,), 0.1).to(DTYPE).requires_grad_()
W2 = (torch.randn(96, 10) * (1 / 96) ** 0.5).to(DTYPE).requires_grad_()
b2 = torch.full((10,), 0.1).to(DTYPE).requires_grad_()


def model(x):
    return F.relu(x @ W1 + b1) @ W2 + b2


opt = torch.optim.Adam([W1, b1, W2, b2], lr=1e-4)
for epoch in range(50):
    for idx in torch.randperm(1400).split(100):
        loss = F.cross_entropy(model(X[idx]).float(), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 10 == 0:
        print(epoch, round(loss.item(), 4))
with torch.no_grad():
    logits = model(X).float()
print("test accuracy", (logits[1400:].argmax(1) == y[1400:]).float().mean().item())
print("final train loss", F.cross_entropy(logits[:1400], y[:1400]).item())
