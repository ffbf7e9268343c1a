import gzip
import os
import struct
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

ROOT = os.environ.get("DATA_DIR", "../shared/data")


@dataclass
class CodeConfig:
    bits: int = 32
    hidden: int = 192
    lr: float = 1.5e-3
    batch: int = 128
    steps: int = 500
    grad_clip: float = 100.0


def read_images(split, limit):
    with gzip.open(os.path.join(ROOT, "MNIST/raw", f"{split}-images-idx3-ubyte.gz")) as f:
        raw = f.read()
    n, h, w = struct.unpack(">III", raw[4:16])
    a = np.frombuffer(raw, np.uint8, offset=16).reshape(n, h * w)[:limit]
    return torch.from_numpy(a.astype("float32") / 255)


class Binarise(nn.Module):
    def forward(self, h):
        soft = torch.tanh(h)
        hard = torch.where(soft >= 0, 1.0, -1.0)
        return soft + (hard - soft)


class Encoder(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.fc1 = nn.Linear(784, cfg.hidden)
        self.fc2 = nn.Linear(cfg.hidden, cfg.bits)
        self.norm = nn.BatchNorm1d(cfg.bits, affine=False)

    def forward(self, x):
        return self.norm(self.fc2(F.gelu(self.fc1(x))))


class Decoder(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(cfg.bits, cfg.hidden), nn.GELU(), nn.Linear(cfg.hidden, 784))

    def forward(self, code):
        return self.net(code)


class HashAutoencoder(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.encoder, self.binarise, self.decoder = Encoder(cfg), Binarise(), Decoder(cfg)

    def forward(self, x):
        code = self.binarise(self.encoder(x))
        return self.decoder(code), code


class Trainer:
    def __init__(self, cfg):
        torch.manual_seed(6)
        self.cfg = cfg
        self.model = HashAutoencoder(cfg)
        self.opt = torch.optim.AdamW(
            [{"params": self.model.encoder.parameters(), "lr": cfg.lr},
             {"params": self.model.decoder.parameters(), "lr": cfg.lr}], weight_decay=0.0)

    def step(self, x):
        logits, _ = self.model(x)
        loss = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1).mean()
        self.opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.cfg.grad_clip)
        self.opt.step()
        return loss.item()

    def fit(self, data):
        for i in range(self.cfg.steps):
            idx = torch.randint(0, len(data), (self.cfg.batch,))
            loss = self.step(data[idx])
            if i % 100 == 0:
                print(f"step {i} nats {loss:.2f}")

    @torch.no_grad()
    def evaluate(self, data):
        self.model.eval()
        logits, code = self.model(data)
        print(f"code balance {code.mean().item():.3f}")
        return F.mse_loss(torch.sigmoid(logits), data).item()


if __name__ == "__main__":
    trainer = Trainer(CodeConfig())
    trainer.fit(read_images("train", 12000))
    print(f"metric {trainer.evaluate(read_images('t10k', 2000)):.5f}")
