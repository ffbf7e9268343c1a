"""Deep self-normalising net on a simulated expression panel."""
import torch
torch.set_num_threads(1)
import torch.nn as nn

ALPHA = 1.6732632423543772
LAMBDA = 1.0507009873554805


def selu(x):
    return LAMBDA * torch.where(x > 0, x, ALPHA * torch.expm1(x.clamp(max=0)))


class SNN(nn.Module):
    def __init__(self, d_in, d, depth, n_out, drop):
        super().__init__()
        dims = [d_in] + [d] * depth
        self.fcs = nn.ModuleList(nn.Linear(i, o) for i, o in zip(dims[:-1], dims[1:]))
        self.drop = nn.AlphaDropout(drop)
        self.out = nn.Linear(d, n_out)

    def forward(self, x):
        for fc in self.fcs:
            x = selu(fc(x))
        return self.out(self.drop(x))


def reset(m):
    if isinstance(m, nn.Linear):
        nn.init.kaiming_uniform_(m.weight, a=5 ** 0.5)
        nn.init.zeros_(m.bias)


def panel(n, g, w1, w2):
    x = torch.randn(n, w1.shape[0], generator=g)
    hidden = torch.relu(x @ w1)
    logits = hidden @ w2
    logits = logits - logits.mean(0)
    return x, logits.argmax(1)


torch.manual_seed(31)
g = torch.Generator().manual_seed(31)
w1 = torch.randn(24, 10, generator=g)
w2 = torch.randn(10, 4, generator=g)
x, y = panel(8000, g, w1, w2)
xv, yv = panel(2000, g, w1, w2)

net = SNN(24, 64, 24, 4, drop=0.05)
net.apply(reset)
opt = torch.optim.SGD(net.parameters(), lr=0.008, momentum=0.9)
ce = nn.CrossEntropyLoss()
for step in range(400):
    idx = torch.randint(len(x), (64,), generator=g)
    net.train()
    loss = ce(net(x[idx]), y[idx])
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 2.0)
    opt.step()
    if step % 100 == 99:
        net.eval()
        with torch.no_grad():
            acc = (net(xv).argmax(1) == yv).float().mean().item()
        print(step + 1, round(loss.item(), 3), round(acc, 3))
print("final accuracy", round(acc, 4))
