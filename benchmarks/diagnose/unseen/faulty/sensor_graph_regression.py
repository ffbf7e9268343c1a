import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(7)


def geometric_graph(n, radius):
    pos = torch.rand(n, 2)
    a = (torch.cdist(pos, pos) < radius).float()
    a.fill_diagonal_(0)
    return a, pos


N = 500
adj, pos = geometric_graph(N, 0.13)
emission = torch.randn(N, 6)


def propagation_matrix(a):
    a = a + torch.eye(len(a))
    return a


with torch.no_grad():
    walk = (adj + torch.eye(N)) / (adj + torch.eye(N)).sum(1, keepdim=True)
    source = torch.relu(emission[:, :2] @ torch.tensor([1.0, -1.5])) + 0.5 * emission[:, 2]
    target = walk @ (walk @ source)
    target = (target - target.mean()) / target.std() + 0.05 * torch.randn(N)


def init_weight(i, o):
    return nn.Parameter(torch.randn(i, o) * (2.0 / i) ** 0.5)


HID = 32
params = nn.ParameterDict({
    "w_in": init_weight(6, HID),
    "w_1": init_weight(HID, HID),
    "w_2": init_weight(HID, HID),
    "w_3": init_weight(HID, HID),
    "w_out": init_weight(HID, 1),
    "b_out": nn.Parameter(torch.zeros(1)),
})


def gcn(P, x, p):
    h = torch.clamp(x @ p["w_in"], min=0)
    for name in ("w_1", "w_2", "w_3"):
        h = torch.clamp(P @ (h @ p[name]), min=0)
    return (h @ p["w_out"] + p["b_out"]).squeeze(1)


P = propagation_matrix(adj)
perm = torch.randperm(N)
tr, te = perm[:350], perm[350:]
opt = torch.optim.Adam(params.parameters(), lr=3e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 300)
for epoch in range(300):
    loss = F.mse_loss(gcn(P, emission, params)[tr], target[tr])
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if epoch % 30 == 0:
        print(f"epoch {epoch:3d} mse {loss.item():.4f}")

with torch.no_grad():
    mse = F.mse_loss(gcn(P, emission, params)[te], target[te])
print(f"final_metric r2 {1 - (mse / target[te].var()).item():.4f}")
