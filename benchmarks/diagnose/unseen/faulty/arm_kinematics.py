import os
import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
LENGTHS = (1.0, 0.8, 0.5)


def forward_kinematics(q):
    """Planar arm with three joints -> tip position, tip heading, reach class."""
    a = q.cumsum(1)
    x = sum(l * torch.cos(a[:, i]) for i, l in enumerate(LENGTHS))
    y = sum(l * torch.sin(a[:, i]) for i, l in enumerate(LENGTHS))
    pos = torch.stack([x, y], 1)
    return pos, (pos.norm(dim=1) > 1.5).float()


class Maxout(nn.Module):
    def __init__(self, d_in, d_out, pieces):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(pieces, d_out, d_in) / d_in ** 0.5)
        self.bias = nn.Parameter(torch.zeros(pieces, d_out))

    def forward(self, x):
        z = torch.einsum("bi,poi->bpo", x, self.weight) + self.bias
        return z.amax(dim=1)


class ArmNet(nn.Module):
    def __init__(self, width=48, pieces=1):
        super().__init__()
        self.trunk = nn.Sequential(
            Maxout(3, width, pieces), Maxout(width, width, pieces), Maxout(width, width, pieces))
        self.position = nn.Linear(width, 2)
        self.reach = nn.Linear(width, 1)

    def forward(self, q):
        h = self.trunk(q)
        return self.position(h), self.reach(h).squeeze(1)


def sample(n):
    q = (torch.rand(n, 3) * 2 - 1) * torch.tensor([1.5, 2.2, 2.2])
    pos, far = forward_kinematics(q)
    return q, pos, far


q_val, pos_val, far_val = sample(3000)
model = ArmNet()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=400, gamma=0.5)
mse, bce = nn.MSELoss(), nn.BCEWithLogitsLoss()

for it in range(1200):
    q, pos, far = sample(128)
    p_hat, far_hat = model(q)
    loss = mse(p_hat, pos) + 0.3 * bce(far_hat, far)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    scheduler.step()
    if it % 200 == 0:
        print(f"it {it}: loss {loss.item():.4f}")

with torch.no_grad():
    p_hat, far_hat = model(q_val)
    err = (p_hat - pos_val).square().sum(1).mean().sqrt().item()
    base = (pos_val - pos_val.mean(0)).square().sum(1).mean().sqrt().item()
    acc = ((far_hat > 0).float() == far_val).float().mean().item()
print(f"tip rmse {err:.4f} (mean predictor {base:.4f}), reach accuracy {acc:.4f}")
