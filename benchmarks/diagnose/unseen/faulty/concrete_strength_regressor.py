import torch
from torch import nn
import torch.nn.functional as F
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split
from sklearn.metrics import r2_score

SEED = 21
torch.manual_seed(SEED)

mix, strength = make_friedman1(n_samples=3000, n_features=10, noise=0.5, random_state=SEED)
strength = (strength - strength.mean()) / strength.std()
mix = (mix - 0.5) / 0.29
x_train, x_val, y_train, y_val = [
    torch.tensor(a, dtype=torch.float32)
    for a in train_test_split(mix, strength, test_size=0.25, random_state=SEED)]


class StrengthNet(nn.Module):
    def __init__(self, n_features, width=96, depth=3):
        super().__init__()
        self.inp = nn.Linear(n_features, width)
        self.hidden = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
        self.norm = nn.ModuleList([nn.BatchNorm1d(width) for _ in range(depth)])
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        x = self.inp(x)
        for layer, norm in zip(self.hidden, self.norm):
            x = norm(layer(x))
            F.relu(x)
        return self.head(x).squeeze(-1)


net = StrengthNet(x_train.shape[1])
opt = torch.optim.RMSprop(net.parameters(), lr=1e-3)
sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, patience=4, factor=0.5)
for epoch in range(40):
    net.train()
    for idx in torch.randperm(len(x_train)).split(64):
        opt.zero_grad()
        loss = F.smooth_l1_loss(net(x_train[idx]), y_train[idx])
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        pred = net(x_val)
        val = F.smooth_l1_loss(pred, y_val).item()
    sched.step(val)
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: train {loss.item():.4f} val {val:.4f}")
print(f"val_r2 {r2_score(y_val.numpy(), pred.numpy()):.4f}")
