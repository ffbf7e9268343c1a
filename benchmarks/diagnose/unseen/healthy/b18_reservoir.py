"""Echo-state network: fixed random tanh reservoir, linear readout trained by gradient descent."""
import torch

torch.manual_seed(12)
N, WASH, L = 200, 100, 3000


def mackey_glass(n, tau=17):
    x = [1.2] * (tau + 1)
    for _ in range(n * 10):
        x.append(x[-1] + 0.1 * (0.2 * x[-tau * 10 - 1] / (1 + x[-tau * 10 - 1] ** 10) - 0.1 * x[-1]) if len(x) > tau * 10
                 else x[-1] + 0.1 * (0.2 * 0.5 - 0.1 * x[-1]))
    return torch.tensor(x[500::10][:n])


series = mackey_glass(L + 400)[:L + 1]
series = (series - series.mean()) / series.std()


class Reservoir(torch.nn.Module):
    def __init__(self, n, rho=0.9, leak=0.5):
        super().__init__()
        W = torch.randn(n, n) * (torch.rand(n, n) < 0.1)
        self.register_buffer("W", W * rho / torch.linalg.eigvals(W).abs().max())
        self.register_buffer("Win", torch.rand(n, 2) - 0.5)
        self.leak = leak
        self.readout = torch.nn.Linear(n, 1)

    @torch.no_grad()
    def states(self, u):
        h, out = torch.zeros(self.W.size(0)), []
        for x in u:
            pre = self.W @ h + self.Win @ torch.stack([x, torch.ones(())])
            h = (1 - self.leak) * h + self.leak * torch.tanh(pre)
            out.append(h)
        return torch.stack(out)

    def forward(self, s):
        return self.readout(s).squeeze(-1)


net = Reservoir(N)
H = net.states(series[:-1])[WASH:]
target = series[1:][WASH:]
H = (H - H[:2200].mean(0)) / H[:2200].std(0)
print("trainable:", sum(p.numel() for p in net.parameters()), "frozen buffers:", sum(b.numel() for b in net.buffers()))
opt = torch.optim.Adam(net.readout.parameters(), lr=5e-3)
for epoch in range(60):
    for idx in torch.randperm(2200).split(100):
        loss = torch.nn.functional.mse_loss(net(H[idx]), target[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 10 == 9:
        print(epoch + 1, f"{loss.item():.5f}")
with torch.no_grad():
    err = (net(H[2200:]) - target[2200:]).pow(2).mean().item()
last = (series[:-1][WASH:][2200:] - target[2200:]).pow(2).mean().item()
print(f"test mse {err:.5f}; repeating the last value {last:.5f}; variance {target[2200:].var().item():.3f}")
