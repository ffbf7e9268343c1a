import gzip
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(21)

raw = Path(os.environ.get("DATA_DIR", "../shared/data")) / "MNIST" / "raw"
buf = gzip.decompress((raw / "train-images-idx3-ubyte.gz").read_bytes())
imgs = torch.tensor(np.frombuffer(buf, np.uint8, offset=16)[: 7000 * 784].reshape(7000, 1, 28, 28) / 255.0, dtype=torch.float32)
imgs = F.avg_pool2d(imgs, 2)
train_x, test_x = imgs[:6000], imgs[6000:]


class CodeNet(nn.Module):
    """Convolutional encoder, bounded code in [-1, 1], dense decoder."""

    def __init__(self, dim=12, sharpness=60.0):
        super().__init__()
        self.sharpness = sharpness
        self.c1 = nn.Conv2d(1, 16, 3, stride=2, padding=1)
        self.c2 = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.to_code = nn.Linear(32 * 16, dim)
        self.d1 = nn.Linear(dim, 128)
        self.d2 = nn.Linear(128, 196)

    def encode(self, x):
        h = F.elu(self.c1(x))
        h = F.elu(self.c2(h))
        return torch.tanh(self.to_code(h.flatten(1)) * self.sharpness)

    def forward(self, x):
        z = self.encode(x)
        return torch.sigmoid(self.d2(F.elu(self.d1(z)))).view_as(x)


net = CodeNet()
opt = torch.optim.Adam(net.parameters(), 1e-3)
for epoch in range(20):
    perm = torch.randperm(len(train_x))
    for i in range(0, len(perm), 60):
        batch = train_x[perm[i:i + 60]]
        loss = F.mse_loss(net(batch), batch)
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        err = F.mse_loss(net(test_x), test_x).item()
    if epoch % 2 == 1:
        print(f"epoch {epoch + 1} test_mse {err:.5f}")
print(f"final test_mse {err:.5f} (mean-image baseline {F.mse_loss(train_x.mean(0, keepdim=True).expand_as(test_x), test_x).item():.5f})")
