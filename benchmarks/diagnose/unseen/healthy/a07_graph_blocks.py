"""Two-layer graph convolution without any nn.Module: plain tensors, sparse adjacency, few labels."""
import torch
import torch.nn.functional as F

torch.manual_seed(2)
N, C, D, HID = 900, 4, 50, 32
label = torch.arange(N) % C
prob = torch.where(label[:, None] == label[None], 0.03, 0.005)
A = (torch.rand(N, N) < prob).triu(1).float()
A = A + A.T + torch.eye(N)
dinv = A.sum(1).rsqrt()
A = (dinv[:, None] * A * dinv[None]).to_sparse()

# weak bag-of-words features, most of them zero
centre = torch.rand(C, D) * 0.12
X = torch.bernoulli(centre[label] + 0.03)
X = X / X.sum(1, keepdim=True).clamp_min(1)
X = (X - X.mean(0)) / X.std()

perm = torch.randperm(N)
train, test = perm[:200], perm[200:]


def glorot(i, o):
    a = (6 / (i + o)) ** 0.5
    return ((torch.rand(i, o) * 2 - 1) * a).requires_grad_()


W1, b1 = glorot(D, HID), torch.zeros(HID, requires_grad=True)
W2, b2 = glorot(HID, C), torch.zeros(C, requires_grad=True)


def forward(training):
    h = F.dropout(X, 0.3, training)
    h = F.relu(torch.sparse.mm(A, h @ W1) + b1)
    h = F.dropout(h, 0.5, training)
    return torch.sparse.mm(A, h @ W2) + b2


opt = torch.optim.Adam([{"params": [W1, b1], "weight_decay": 5e-4}, {"params": [W2, b2]}], lr=0.005)
for epoch in range(250):
    loss = F.cross_entropy(forward(True)[train], label[train])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if epoch % 50 == 0:
        with torch.no_grad():
            acc = (forward(False)[test].argmax(1) == label[test]).float().mean().item()
        print(f"{epoch:4d} loss {loss.item():.4f} test acc {acc:.3f}")
with torch.no_grad():
    acc = (forward(False)[test].argmax(1) == label[test]).float().mean().item()
print(f"final test accuracy {acc:.3f}, chance {1 / C:.2f}")
