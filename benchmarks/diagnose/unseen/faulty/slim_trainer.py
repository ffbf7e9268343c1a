"""MNIST classifier with a small trainer class that keeps memory use low."""
import gzip
import os
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

torch.set_num_threads(1)


@dataclass
class TrainingArguments:
    output_classes: int = 10
    hidden: int = 128
    learning_rate: float = 2e-3
    momentum: float = 0.0
    max_steps: int = 2000
    per_device_batch_size: int = 64
    logging_steps: int = 250
    dtype: torch.dtype = torch.bfloat16
    seed: int = int(os.environ.get("SEED", 0))


def read_idx(name, header, n, width):
    root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
    with gzip.open(os.path.join(root, name)) as f:
        f.read(header)
        return np.frombuffer(f.read(n * width), dtype=np.uint8)


def load(split, n):
    x = read_idx(f"{split}-images-idx3-ubyte.gz", 16, n, 784).reshape(n, 784).astype("float32")
    y = read_idx(f"{split}-labels-idx1-ubyte.gz", 8, n, 1).astype("int64")
    return torch.from_numpy((x / 255 - 0.1307) / 0.3081), torch.from_numpy(y)


class Classifier(nn.Module):
    def __init__(self, args):
        super().__init__()
        h = args.hidden
        self.w_in = nn.Parameter(torch.randn(h, 784) * (2 / 784) ** 0.5)
        self.b_in = nn.Parameter(torch.zeros(h))
        self.w_mid = nn.Parameter(torch.randn(h, h) * (2 / h) ** 0.5)
        self.b_mid = nn.Parameter(torch.zeros(h))
        self.w_out = nn.Parameter(torch.randn(args.output_classes, h) * (1 / h) ** 0.5)

    def forward(self, x):
        x = F.linear(x, self.w_in, self.b_in)
        x = x * torch.sigmoid(1.7 * x)
        x = F.linear(x, self.w_mid, self.b_mid)
        x = x * torch.sigmoid(1.7 * x)
        return F.linear(x, self.w_out)


class Trainer:
    def __init__(self, model, args, train, test):
        self.args = args
        self.model = model.to(args.dtype)
        self.train_set, self.test_set = train, test
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=args.learning_rate, momentum=args.momentum)

    def compute_loss(self, x, y):
        z = self.model(x.to(self.args.dtype)).float()
        return (torch.logsumexp(z, 1) - z.gather(1, y[:, None]).squeeze(1)).mean()

    def train(self):
        x, y = self.train_set
        for step in range(1, self.args.max_steps + 1):
            i = torch.randint(0, len(x), (self.args.per_device_batch_size,))
            loss = self.compute_loss(x[i], y[i])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            if step % self.args.logging_steps == 0:
                print({"step": step, "loss": round(loss.item(), 4)})

    @torch.no_grad()
    def evaluate(self):
        x, y = self.test_set
        return (self.model(x.to(self.args.dtype)).argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    args = TrainingArguments()
    torch.manual_seed(args.seed)
    trainer = Trainer(Classifier(args), args, load("train", 10000), load("t10k", 2000))
    trainer.train()
    print({"eval_accuracy": round(trainer.evaluate(), 4)})
