# Vibration snippets -> fault class (3) and remaining hours (0..120)
import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(6)


def snippets(n):
    cls = torch.randint(0, 3, (n,))
    hours = torch.rand(n) * 120
    t = torch.linspace(0, 1, 64)
    f = torch.tensor([4.0, 9.0, 15.0])[cls]
    wear = 1.2 - hours / 120
    x = wear[:, None] * torch.sin(6.2832 * (f[:, None] * t + torch.rand(n, 1))) + 0.15 * torch.randn(n, 64)
    return x.unsqueeze(1), cls, hours


class Monitor(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(
            nn.Conv1d(1, 16, 7, padding=3), nn.BatchNorm1d(16), nn.SiLU(), nn.MaxPool1d(2),
            nn.Conv1d(16, 32, 5, padding=2), nn.BatchNorm1d(32), nn.SiLU(), nn.AdaptiveMaxPool1d(4), nn.Flatten(),
        )
        self.cls_head = nn.Sequential(nn.Linear(128, 32), nn.SiLU(), nn.Linear(32, 3))
        self.hours_head = nn.Sequential(nn.Linear(128, 32), nn.SiLU(), nn.Linear(32, 1), nn.Hardsigmoid())

    def forward(self, x):
        z = self.enc(x)
        return self.cls_head(z), self.hours_head(z).squeeze(1)


net = Monitor()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
vx, vc, vh = snippets(1500)
for it in range(1, 801):
    net.train()
    x, c, h = snippets(64)
    logits, est = net(x)
    loss = nn.functional.cross_entropy(logits, c) + 0.02 * nn.functional.l1_loss(est, h)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 100 == 0:
        net.eval()
        with torch.no_grad():
            logits, est = net(vx)
        mae = (est - vh).abs().mean().item()
        print(f"{it} loss {loss.item():.3f} class_acc {(logits.argmax(1) == vc).float().mean().item():.3f} hours_mae {mae:.2f}")
print(f"final hours_mae {mae:.2f}")
