# fit a smooth 8-d response surface with hand-kept weights
import torch

torch.manual_seed(42)
N, D, H = 1500, 8, 128
X = torch.randn(N, D)
w = torch.randn(D) / D ** 0.5
y = (X @ w).sin() + 0.3 * X[:, :1].squeeze() * X[:, 1]
y = (y - y.mean()) / y.std()
ytr, yte, Xtr, Xte = y[:1000], y[1000:], X[:1000], X[1000:]

W1 = torch.randn(D, H, requires_grad=True)
b1 = torch.zeros(H, requires_grad=True)
W2 = torch.randn(H, H, requires_grad=True)
b2 = torch.zeros(H, requires_grad=True)
W3 = (torch.randn(H, 1) / H ** 0.5).requires_grad_()
b3 = torch.zeros(1, requires_grad=True)
params = [W1, b1, W2, b2, W3, b3]


def predict(x):
    h = torch.tanh(x @ W1 + b1)
    h = torch.tanh(h @ W2 + b2)
    return (h @ W3 + b3).squeeze(1)


opt = torch.optim.Adam(params, lr=1e-3)
for step in range(300):
    i = torch.randint(0, 1000, (100,))
    loss = ((predict(Xtr[i]) - ytr[i]) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 60 == 59:
        with torch.no_grad():
            test = ((predict(Xte) - yte) ** 2).mean()
        print(f"{step+1} train {loss.item():.4f} test {test.item():.4f}")
