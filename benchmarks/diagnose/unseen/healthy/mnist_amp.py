import gzip, numpy as np, torch
import torch.nn as nn

torch.manual_seed(0)
DIR = "../shared/data/MNIST/raw/"


def idx(name, off):
    with gzip.open(DIR + name) as fh:
        return np.frombuffer(fh.read(), dtype=np.uint8, offset=off).copy()


xtr = torch.from_numpy(idx("train-images-idx3-ubyte.gz", 16)[:3600 * 784]).view(-1, 1, 28, 28).float() / 255
ytr = torch.from_numpy(idx("train-labels-idx1-ubyte.gz", 8)[:3600]).long()
xte = torch.from_numpy(idx("t10k-images-idx3-ubyte.gz", 16)[:2000 * 784]).view(-1, 1, 28, 28).float() / 255
yte = torch.from_numpy(idx("t10k-labels-idx1-ubyte.gz", 8)[:2000]).long()

model = nn.Sequential(
    nn.AvgPool2d(2), nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Dropout(0.3), nn.Linear(32 * 9, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 10))
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
ACCUM, MICRO, EPOCHS = 2, 32, 3
steps = EPOCHS * (len(xtr) // (ACCUM * MICRO))
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=6e-3, total_steps=steps + 1)

done = 0
for epoch in range(EPOCHS):
    model.train()
    order = torch.randperm(len(xtr))
    micro = order.split(MICRO)
    for k, b in enumerate(micro[: len(micro) // ACCUM * ACCUM]):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = nn.functional.cross_entropy(model(xtr[b]), ytr[b]) / ACCUM
        loss.backward()
        if (k + 1) % ACCUM == 0:
            norm = nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            opt.step()
            sched.step()
            opt.zero_grad(set_to_none=True)
            done += 1
    model.eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        acc = (model(xte).argmax(1) == yte).float().mean().item()
    print(f"epoch {epoch} updates {done} loss {loss.item() * ACCUM:.3f} norm {norm:.2f} acc {acc:.4f}")
