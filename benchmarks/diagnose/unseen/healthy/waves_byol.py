import copy
import logging
import warnings

import torch
torch.set_num_threads(1)
import lightning as L
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
L.seed_everything(4, verbose=False)
T, CLASSES = 64, 6


def waves(n):
    y = torch.randint(CLASSES, (n,))
    t = torch.arange(T) / T
    freq = 2.0 + 1.5 * y.float()
    phase = torch.rand(n) * 2 * torch.pi
    odd = (y % 2).float()[:, None]
    arg = 2 * torch.pi * freq[:, None] * t + phase[:, None]
    x = torch.sin(arg) + 0.6 * odd * torch.sin(2 * arg)
    x = x * (0.6 + 0.8 * torch.rand(n, 1)) + 0.5 * torch.randn(n, T)
    return x[:, None], y


def view(x):
    x = torch.roll(x, int(torch.randint(T, (1,))), dims=2)
    x = x * (0.6 + 0.8 * torch.rand(len(x), 1, 1)) * (1 - 2 * torch.randint(2, (len(x), 1, 1)))
    x = x + 0.3 * torch.randn_like(x)
    start = torch.randint(T - 12, (len(x), 1, 1))
    pos = torch.arange(T)
    return x.masked_fill((pos >= start) & (pos < start + 12), 0.0)


def head(i, h, o):
    return nn.Sequential(nn.Linear(i, h), nn.BatchNorm1d(h), nn.ReLU(), nn.Linear(h, o, bias=False))


class Trunk(nn.Module):
    def __init__(self, c=24):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(1, c, 9, stride=2, padding=4, bias=False), nn.BatchNorm1d(c), nn.ReLU(),
            nn.Conv1d(c, c, 5, stride=2, padding=2, bias=False), nn.BatchNorm1d(c), nn.ReLU(),
            nn.Conv1d(c, 2 * c, 5, stride=2, padding=2, bias=False), nn.BatchNorm1d(2 * c), nn.ReLU(),
        )

    def forward(self, x):
        return self.body(x).mean(2)


class Byol(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.student = nn.Sequential(Trunk(), head(48, 64, 32))
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)
        self.predictor = head(32, 64, 32)

    def training_step(self, batch, _):
        a, b = view(batch[0]), view(batch[0])
        pa, pb = self.predictor(self.student(a)), self.predictor(self.student(b))
        with torch.no_grad():
            ta, tb = self.teacher(a), self.teacher(b)
        return 2 - F.cosine_similarity(pa, tb).mean() - F.cosine_similarity(pb, ta).mean()

    def on_train_batch_end(self, *_):
        with torch.no_grad():
            for p, q in zip(self.student.parameters(), self.teacher.parameters()):
                q.lerp_(p, 0.03)

    def configure_optimizers(self):
        opt = torch.optim.AdamW(self.parameters(), lr=2e-3, weight_decay=1e-3)
        sched = torch.optim.lr_scheduler.OneCycleLR(opt, 4e-3, total_steps=256, pct_start=0.15)
        return {"optimizer": opt, "lr_scheduler": {"scheduler": sched, "interval": "step"}}


def probe(features, x, y, xt, yt):
    with torch.no_grad():
        f, ft = features(x), features(xt)
        m, s = f.mean(0), f.std(0) + 1e-6
        f, ft = (f - m) / s, (ft - m) / s
    lin = nn.Linear(f.shape[1], CLASSES)
    opt = torch.optim.Adam(lin.parameters(), 0.02, weight_decay=1e-3)
    for _ in range(150):
        opt.zero_grad()
        F.cross_entropy(lin(f), y).backward()
        opt.step()
    return (lin(ft).argmax(1) == yt).float().mean().item()


x, _ = waves(2048)
xl, yl = waves(240)
xt, yt = waves(1000)
model = Byol()
trainer = L.Trainer(max_epochs=16, accelerator="cpu", logger=False, enable_checkpointing=False,
                    enable_progress_bar=False, enable_model_summary=False, gradient_clip_val=1.0)
trainer.fit(model, DataLoader(TensorDataset(x), batch_size=128, shuffle=True, drop_last=True))
model.eval()
print("probe on raw signal", probe(lambda z: z.flatten(1), xl, yl, xt, yt))
print("final probe_accuracy", round(probe(model.student[0], xl, yl, xt, yt), 4))
