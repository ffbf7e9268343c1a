"""RNN from scratch (chapter-9 style): tell which cue opened a noisy sequence."""
import os

import torch
from torch.nn import functional as F

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))

num_steps, vocab_size, num_cues, num_hiddens = 20, 10, 4, 64
batch_size, lr, theta = 32, 0.2, 1.0


def make_data(n):
    X = torch.randint(num_cues, vocab_size, (n, num_steps))
    y = torch.randint(0, num_cues, (n,))
    X[:, 0] = y
    return X, y


def get_params(vocab_size, num_hiddens, num_outputs):
    def normal(shape):
        return torch.randn(size=shape) * 0.01

    W_xh = normal((vocab_size, num_hiddens))
    W_hh = normal((num_hiddens, num_hiddens))
    b_h = torch.zeros(num_hiddens)
    W_hq = normal((num_hiddens, num_outputs))
    b_q = torch.zeros(num_outputs)
    params = [W_xh, W_hh, b_h, W_hq, b_q]
    for param in params:
        param.requires_grad_(True)
    return params


def rnn(inputs, state, params):
    W_xh, W_hh, b_h, W_hq, b_q = params
    H = state
    for X in inputs:
        H = torch.tanh(torch.mm(X, W_xh) + torch.mm(H, W_hh) + b_h)
    return torch.mm(H, W_hq) + b_q


class RNNModelScratch:
    def __init__(self, vocab_size, num_hiddens, num_outputs):
        self.vocab_size, self.num_hiddens = vocab_size, num_hiddens
        self.params = get_params(vocab_size, num_hiddens, num_outputs)

    def __call__(self, X):
        inputs = F.one_hot(X.T, self.vocab_size).float()
        return rnn(inputs, torch.zeros(X.shape[0], self.num_hiddens), self.params)


def grad_clipping(params, theta):
    norm = torch.sqrt(sum(torch.sum(p.grad ** 2) for p in params))
    if norm > theta:
        for p in params:
            p.grad[:] *= theta / norm


def sgd(params, lr):
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad
            param.grad.zero_()


train_X, train_y = make_data(4096)
test_X, test_y = make_data(1024)
net = RNNModelScratch(vocab_size, num_hiddens, num_cues)

for epoch in range(20):
    perm = torch.randperm(len(train_X))
    total, count = 0.0, 0
    for idx in perm.split(batch_size):
        l = F.cross_entropy(net(train_X[idx]), train_y[idx])
        l.backward()
        grad_clipping(net.params, theta)
        sgd(net.params, lr)
        total, count = total + l.item(), count + 1
    if (epoch + 1) % 4 == 0:
        print(f"epoch {epoch + 1}, loss {total / count:.4f}")

with torch.no_grad():
    acc = (net(test_X).argmax(1) == test_y).float().mean().item()
print(f"test accuracy {acc:.4f}")
