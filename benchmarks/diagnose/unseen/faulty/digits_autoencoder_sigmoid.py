import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(5)


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc1 = nn.Linear(64, 48)
        self.enc2 = nn.Linear(48, 12)
        self.dec1 = nn.Linear(12, 48)
        self.dec2 = nn.Linear(48, 64)

    def encode(self, x):
        return self.enc2(self.enc1(x).sigmoid()).sigmoid()

    def forward(self, x):
        z = self.encode(x)
        return self.dec2(self.dec1(z).sigmoid())


X = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
loader = DataLoader(TensorDataset(X), batch_size=64, shuffle=True)
ae = AutoEncoder()
optim = torch.optim.Adam(ae.parameters(), lr=0.5)
mse = nn.MSELoss()
for epoch in range(8):
    s = 0
    for (xb,) in loader:
        rec = ae(xb)
        loss = mse(rec, xb)
        optim.zero_grad()
        loss.backward()
        optim.step()
        s += loss.item() * len(xb)
    print("epoch", epoch, "mse", s / len(X))
print("variance of data", X.var(0).mean().item())
