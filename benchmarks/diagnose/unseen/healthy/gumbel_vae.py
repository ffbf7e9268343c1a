"""Categorical VAE with the straight-through Gumbel-softmax estimator on MNIST."""
import gzip
import os
import sys
from dataclasses import dataclass
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


@dataclass
class Config:
    groups: int = 16
    classes: int = 8
    hidden: int = 200
    tau_start: float = 1.0
    tau_end: float = 0.5
    batch: int = 100
    epochs: int = 8
    lr: float = 1.5e-3
    seed: int = 0


def load(name, n):
    root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
    with gzip.open(os.path.join(root, name)) as f:
        raw = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)[:n]
    return torch.from_numpy(raw.astype(np.float32) / 255)


class CategoricalVAE(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        code = cfg.groups * cfg.classes
        self.e1, self.e2 = nn.Linear(784, cfg.hidden), nn.Linear(cfg.hidden, code)
        self.d1, self.d2 = nn.Linear(code, cfg.hidden), nn.Linear(cfg.hidden, 784)

    def forward(self, x, tau):
        logits = self.e2(F.elu(self.e1(x))).view(-1, self.cfg.groups, self.cfg.classes)
        if self.training:
            z = F.gumbel_softmax(logits, tau=tau, hard=True, dim=-1)
        else:
            z = F.one_hot(logits.argmax(-1), self.cfg.classes).float()
        probs = torch.sigmoid(self.d2(F.elu(self.d1(z.flatten(1)))))
        return probs, logits


def loss_fn(probs, logits, x):
    rec = F.binary_cross_entropy(probs, x, reduction="none").sum(1).mean()
    logq = F.log_softmax(logits, -1)
    kl = (logq.exp() * (logq + np.log(logits.shape[-1]))).sum((1, 2)).mean()
    return rec + kl, rec, kl


class Trainer:
    def __init__(self, cfg):
        torch.manual_seed(cfg.seed)
        self.cfg = cfg
        self.train_x, self.test_x = load("train-images-idx3-ubyte.gz", 6000), load("t10k-images-idx3-ubyte.gz", 1000)
        self.model = CategoricalVAE(cfg)
        self.opt = torch.optim.Adam(self.model.parameters(), lr=cfg.lr)

    def run(self):
        cfg = self.cfg
        for epoch in range(cfg.epochs):
            tau = cfg.tau_start + (cfg.tau_end - cfg.tau_start) * epoch / (cfg.epochs - 1)
            self.model.train()
            for idx in torch.randperm(len(self.train_x)).split(cfg.batch):
                x = self.train_x[idx]
                loss, rec, kl = loss_fn(*self.model(x, tau), x)
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
            print(f"epoch {epoch} tau {tau:.2f} rec {rec.item():.2f} kl {kl.item():.2f}")
        self.model.eval()
        with torch.no_grad():
            rec = loss_fn(*self.model(self.test_x, cfg.tau_end), self.test_x)[1].item()
            mean = self.train_x.mean(0).clamp(1e-4, 1 - 1e-4).expand_as(self.test_x)
            base = F.binary_cross_entropy(mean, self.test_x, reduction="none").sum(1).mean().item()
        print(f"final test reconstruction {rec:.3f} (mean image {base:.3f})")


if __name__ == "__main__":
    Trainer(Config(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0)).run()
