# Deep linear factorisation: the product of three matrices fills in a low-rank table.
import torch
torch.set_num_threads(1)
torch.manual_seed(0)
n, m, r = 90, 70, 3
truth = torch.randn(n, r) @ torch.randn(r, m)
mask = torch.rand(n, m) < 0.35


class Factors(torch.nn.Module):
    def __init__(self, std=0.03):
        super().__init__()
        self.left = torch.nn.Linear(n, 60, bias=False)
        self.mid = torch.nn.Linear(60, 60, bias=False)
        self.right = torch.nn.Linear(60, m, bias=False)
        for p in self.parameters():
            torch.nn.init.normal_(p, std=std)

    def forward(self):
        return self.right(self.mid(self.left(torch.eye(n))))


model = Factors()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in range(1, 4001):
    full = model()
    loss = ((full - truth)[mask] ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 500 == 0:
        test = ((full - truth)[~mask] ** 2).mean().item()
        print(f"step {step} observed {loss.item():.5f} hidden {test:.5f}")
print(f"final hidden_mse {test:.5f} zero-baseline {(truth[~mask] ** 2).mean().item():.4f}")
