"""Port of a Keras self-normalising network: 28 x Dense(selu) on the digits data.

The layers are small Python objects so that the port stays close to the numpy
version the group used before.
"""
import math
import os

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.set_num_threads(1)
seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)


class Dense:
    def __init__(self, n_in, n_out, activation=None):
        limit = 1.0 / math.sqrt(n_in)
        self.kernel = torch.empty(n_in, n_out).uniform_(-limit, limit)
        self.bias = torch.zeros(n_out)
        self.activation = activation
        for w in self.weights():
            w.requires_grad_(True)

    def weights(self):
        return [self.kernel, self.bias]

    def __call__(self, x):
        z = x @ self.kernel + self.bias
        return z if self.activation is None else self.activation(z)


class Sequential:
    def __init__(self, *layers):
        self.layers = layers

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def weights(self):
        return [w for layer in self.layers for w in layer.weights()]


class MomentumSGD:
    def __init__(self, weights, learning_rate=0.01, momentum=0.9):
        self.weights, self.lr, self.mu = weights, learning_rate, momentum
        self.velocity = [torch.zeros_like(w) for w in weights]

    @torch.no_grad()
    def apply_gradients(self, grads):
        for w, v, g in zip(self.weights, self.velocity, grads):
            v.mul_(self.mu).sub_(self.lr * g)
            w.add_(v)


X, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=seed)
mean, std = x_train.mean(0), x_train.std(0) + 1e-3
x_train = torch.tensor((x_train - mean) / std, dtype=torch.float32)
x_test = torch.tensor((x_test - mean) / std, dtype=torch.float32)
x_train, x_test = x_train.clamp(-4, 4), x_test.clamp(-4, 4)
y_train, y_test = torch.tensor(y_train), torch.tensor(y_test)

hidden = [Dense(64 if i == 0 else 96, 96, torch.selu) for i in range(28)]
model = Sequential(*hidden, Dense(96, 10))
optimizer = MomentumSGD(model.weights(), learning_rate=0.005, momentum=0.9)

for epoch in range(10):
    order = torch.randperm(len(x_train))
    total = 0.0
    for idx in order.split(32):
        loss = torch.nn.functional.cross_entropy(model(x_train[idx]), y_train[idx])
        grads = torch.autograd.grad(loss, model.weights())
        optimizer.apply_gradients(grads)
        total += loss.item() * len(idx)
    if epoch % 3 == 0:
        print(f"epoch {epoch:2d} loss {total / len(x_train):.4f}")

with torch.no_grad():
    acc = (model(x_test).argmax(1) == y_test).float().mean().item()
print(f"test accuracy {acc:.4f}")
