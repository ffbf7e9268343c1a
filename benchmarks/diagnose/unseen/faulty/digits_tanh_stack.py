import logging
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("train")


class Block(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.fc = nn.Linear(d_in, d_out)

    def forward(self, x):
        return torch.tanh(self.fc(x))


class Net(nn.Module):
    def __init__(self, depth=6, width=80):
        super().__init__()
        self.stem = Block(64, width)
        self.blocks = nn.ModuleList(Block(width, width) for _ in range(depth - 1))
        self.head = nn.Linear(width, 10)
        self.apply(self._init_weights)

    @staticmethod
    def _init_weights(m):
        if isinstance(m, nn.Linear):
            nn.init.trunc_normal_(m.weight, std=0.02)
            nn.init.zeros_(m.bias)

    def forward(self, x):
        x = self.stem(x)
        for b in self.blocks:
            x = b(x)
        return self.head(x)


torch.manual_seed(11)
digits = load_digits()
X = torch.tensor(digits.data, dtype=torch.float32)
X = (X - X.mean()) / X.std()
y = torch.tensor(digits.target)
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
sched = torch.optim.lr_scheduler.StepLR(opt, 150, 0.3)
for step in range(250):
    j = torch.randint(0, 1400, (64,))
    loss = F.cross_entropy(net(X[j]), y[j])
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    sched.step()
    if (step + 1) % 50 == 0:
        log.info("step %d loss %.4f", step + 1, loss.item())
with torch.no_grad():
    log.info("val acc %.4f", (net(X[1400:]).argmax(1) == y[1400:]).float().mean().item())
