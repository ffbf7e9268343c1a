import gzip
import math
import os

import numpy as np
import torch

torch.set_num_threads(1)
from torch import nn
from transformers import GPT2Config, GPT2Model
from transformers.pytorch_utils import Conv1D

torch.manual_seed(0)
DIR = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def load(prefix, n):
    with gzip.open(f"{DIR}/{prefix}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + n * 784), np.uint8, offset=16).reshape(n, 28, 28)
    with gzip.open(f"{DIR}/{prefix}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    x = torch.tensor(x, dtype=torch.float32) / 255
    x = nn.functional.avg_pool2d(x[:, None], 2)[:, 0]
    return (x - 0.13) / 0.27, torch.tensor(y, dtype=torch.long)


xtr, ytr = load("train", 6000)
xte, yte = load("t10k", 1000)


class RowReader(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        cfg = GPT2Config(vocab_size=2, n_positions=14, n_embd=d, n_layer=2, n_head=4,
                         resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, use_cache=False, bos_token_id=0, eos_token_id=0)
        self.proj = nn.Linear(14, d)
        self.gpt = GPT2Model(cfg)
        self.head = nn.Linear(d, 10)

    def forward(self, x):
        return self.head(self.gpt(inputs_embeds=self.proj(x)).last_hidden_state[:, -1])


class Lora(nn.Module):
    def __init__(self, base, r=6, alpha=12.0):
        super().__init__()
        self.base = base
        n_in, n_out = base.weight.shape
        self.a = nn.Parameter(torch.randn(n_in, r) / math.sqrt(n_in))
        self.b = nn.Parameter(torch.zeros(r, n_out))
        self.s = alpha / r

    def forward(self, x):
        return self.base(x) + self.s * (x @ self.a @ self.b)


def fit(model, x, y, steps, lr, accum, warm, half):
    train = [p for p in model.parameters() if p.requires_grad]
    print("training", sum(p.numel() for p in train), "of", sum(p.numel() for p in model.parameters()))
    opt = torch.optim.AdamW(train, lr=lr, weight_decay=0.01)
    sch = torch.optim.lr_scheduler.LambdaLR(
        opt, lambda i: i / warm if i < warm else 0.5 * (1 + math.cos(math.pi * (i - warm) / (steps - warm))))
    model.train()
    for i in range(steps):
        total = 0.0
        for _ in range(accum):
            k = torch.randint(len(x), (24,))
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
                out = model(x[k])
            loss = nn.functional.cross_entropy(out.float(), y[k]) / accum
            loss.backward()
            total += loss.item()
        nn.utils.clip_grad_norm_(train, 1.0)
        opt.step()
        opt.zero_grad()
        sch.step()
        if i % 60 == 0:
            print(i, round(total, 3))


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


net = RowReader()
fit(net, xtr, ytr, steps=480, lr=5e-3, accum=1, warm=25, half=False)
print("upright", accuracy(net, xte, yte))

turn = lambda x: x.transpose(1, 2).flip(2)
print("turned, before adapting", accuracy(net, turn(xte), yte))
for p in net.parameters():
    p.requires_grad_(False)
for block in net.gpt.h:
    for owner, name in ((block.attn, "c_attn"), (block.attn, "c_proj"), (block.mlp, "c_fc"), (block.mlp, "c_proj")):
        layer = getattr(owner, name)
        assert isinstance(layer, Conv1D)
        setattr(owner, name, Lora(layer))
net.gpt.activation_checkpointing_enable()
fit(net, turn(xtr), ytr, steps=64, lr=1.2e-2, accum=2, warm=10, half=True)
print("final turned_accuracy", round(accuracy(net, turn(xte), yte), 4))
