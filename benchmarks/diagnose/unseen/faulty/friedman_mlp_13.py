"""Homework 4: regression with a multilayer perceptron, no torch.nn allowed."""
import os

import torch
from sklearn.datasets import make_friedman1

torch.set_num_threads(1)
seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)

X, y = make_friedman1(n_samples=2500, n_features=8, noise=0.5, random_state=seed)
X = torch.tensor(X, dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32).unsqueeze(1)
X_train, X_test, y_train, y_test = X[:2000], X[2000:], y[:2000], y[2000:]
y_mean, y_std = y_train.mean(), y_train.std()


def he_normal(n_in, n_out):
    return torch.randn(n_in, n_out) * (2 / n_in) ** 0.5


sizes = [8, 64, 64, 32, 1]
weights, biases = [], []
for n_in, n_out in zip(sizes[:-1], sizes[1:]):
    weights.append(he_normal(n_in, n_out).requires_grad_())
    biases.append(torch.zeros(n_out, requires_grad=True))


def relu(x):
    return torch.maximum(x, torch.zeros_like(x))


def predict(x):
    a = relu(x)
    for W, b in zip(weights, biases):
        a = a @ W + b
    return a


def squared_loss(y_hat, y):
    return ((y_hat - (y - y_mean) / y_std) ** 2 / 2).sum()


def data_iter(batch_size, features, labels):
    perm = torch.randperm(len(features))
    for i in range(0, len(features), batch_size):
        j = perm[i:i + batch_size]
        yield features[j], labels[j]


def sgd(params, lr, batch_size):
    """Minibatch stochastic gradient descent."""
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad / batch_size
            param.grad.zero_()


lr, num_epochs, batch_size = 0.01, 80, 25
for epoch in range(num_epochs):
    for Xb, yb in data_iter(batch_size, X_train, y_train):
        l = squared_loss(predict(Xb), yb)
        l.backward()
        sgd(weights + biases, lr, batch_size)
    if epoch % 10 == 9:
        with torch.no_grad():
            train_l = squared_loss(predict(X_train), y_train) / len(X_train)
        print(f"epoch {epoch + 1}, loss {train_l.item():.5f}")

with torch.no_grad():
    pred = predict(X_test) * y_std + y_mean
    r2 = 1 - ((pred - y_test) ** 2).sum() / ((y_test - y_test.mean()) ** 2).sum()
print(f"test R2 {r2.item():.4f}")
