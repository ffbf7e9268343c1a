# Deep sets: how spread out is a point cloud? (regression of the diameter of a random set), max pooling
import torch, torch.nn as nn

torch.manual_seed(0)

def make(n):
    k = torch.randint(4, 13, (n,))
    scale = 0.5 + 1.5 * torch.rand(n, 1, 1)
    pts = torch.randn(n, 12, 2) * scale
    mask = torch.arange(12)[None] < k[:, None]
    d = torch.cdist(pts, pts)
    d = d.masked_fill(~(mask[:, :, None] & mask[:, None]), 0)
    return pts, mask, d.flatten(1).amax(1)

class Sets(nn.Module):
    def __init__(self, h=64):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(2, h), nn.ReLU(), nn.Linear(h, h))
        self.rho = nn.Sequential(nn.LayerNorm(h), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 1))
    def forward(self, x, m):
        e = self.phi(x).masked_fill(~m[..., None], float('-inf'))
        return self.rho(e.amax(1)).squeeze(-1)

x, m, y = make(4000)
xt, mt, yt = make(1000)
net = Sets()
opt = torch.optim.RMSprop(net.parameters(), lr=7e-4)
for epoch in range(12):
    for i in torch.randperm(4000).split(64):
        loss = (net(x[i], m[i]) - y[i]).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch == 8:
        for gr in opt.param_groups: gr['lr'] = 2e-4
    with torch.no_grad():
        print(epoch, 'test mse %.4f' % (net(xt, mt) - yt).pow(2).mean().item())
print('variance of the target %.4f' % yt.var().item())
