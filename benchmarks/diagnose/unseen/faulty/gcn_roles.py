# Graph network for node roles.  Random geometric graphs, each node carries two noisy readings;
# label = is the local field "rough" (neighbours disagree) or "smooth"?  Dense-adjacency GCN, functional style.
import math
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(1234)
N, FEAT, HID = 60, 2, 48


def make_graph(g):
    p = torch.rand(N, 2, generator=g)
    adj = (torch.cdist(p, p) < 0.2).float()
    adj.fill_diagonal_(0)
    amp = (torch.rand(N, generator=g) < 0.5).float()
    for _ in range(2):                                        # amplitude varies slowly over the plane
        amp = 0.3 * amp + 0.7 * (adj @ amp) / adj.sum(1).clamp(min=1)
    x = torch.randn(N, FEAT, generator=g) * (0.1 + amp[:, None])
    nb = (adj @ x) / adj.sum(1, keepdim=True).clamp(min=1)
    rough = (x - nb).pow(2).sum(1)
    y = (rough > 0.55).long()
    a = adj / adj.sum(1, keepdim=True).clamp(min=1)
    return a, x, y


def dataset(n, seed):
    g = torch.Generator().manual_seed(seed)
    A, X, Y = zip(*[make_graph(g) for _ in range(n)])
    return torch.stack(A), torch.stack(X), torch.stack(Y)


def glorot(i, o):
    s = math.sqrt(6 / (i + o))
    return ((torch.rand(i, o) * 2 - 1) * s).requires_grad_()


P = {}
dims = [FEAT, HID, HID, HID]
for l in range(3):
    P[f"self{l}"] = glorot(dims[l], dims[l + 1])
    P[f"nb{l}"] = glorot(dims[l], dims[l + 1])
    P[f"b{l}"] = torch.zeros(dims[l + 1], requires_grad=True)
P["out"] = glorot(HID, 2)
P["bout"] = torch.zeros(2, requires_grad=True)


def gnn(P, A, X, train):
    h = X
    for l in range(3):
        h = h @ P[f"self{l}"] + A @ (h @ P[f"nb{l}"]) + P[f"b{l}"]
        F.elu(h)
        h = F.dropout(h, 0.05, training=train)
    return h @ P["out"] + P["bout"]


At, Xt, Yt = dataset(240, 1)
Av, Xv, Yv = dataset(60, 2)
print("positive share %.3f" % Yt.float().mean().item())
opt = torch.optim.AdamW(P.values(), lr=3e-3, weight_decay=1e-4)

for ep in range(16):
    order = torch.randperm(len(At))
    total = 0.0
    for i in range(0, len(At), 16):
        k = order[i:i + 16]
        out = gnn(P, At[k], Xt[k], True)
        loss = F.cross_entropy(out.reshape(-1, 2), Yt[k].reshape(-1))
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(k)
    if ep % 3 == 0 or ep == 15:
        with torch.no_grad():
            acc = (gnn(P, Av, Xv, False).argmax(-1) == Yv).float().mean().item()
        print(f"epoch {ep:2d}  loss {total / len(At):.4f}  val acc {acc:.4f}")
with torch.no_grad():
    pred = gnn(P, Av, Xv, False).argmax(-1)
print("final node accuracy %.4f (majority %.4f)" % ((pred == Yv).float().mean().item(),
                                                    max(Yv.float().mean().item(), 1 - Yv.float().mean().item())))
