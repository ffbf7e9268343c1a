import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.set_num_threads(1)


class DigitsNet(nn.Module):
    def __init__(self, hidden=96):
        super().__init__()
        self.l1 = nn.Linear(64, hidden)
        self.l2 = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 10)
        self.reset_parameters()

    def reset_parameters(self):
        for layer in (self.l1, self.l2):
            nn.init.constant_(layer.weight, 0.05)
            nn.init.zeros_(layer.bias)
        nn.init.xavier_uniform_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x):
        x = F.relu(self.l1(x))
        x = F.relu(self.l2(x))
        return self.out(x)


def run(seed):
    torch.manual_seed(seed)
    X, y = load_digits(return_X_y=True)
    X = X / 16.0
    Xa, Xb, ya, yb = train_test_split(X, y, test_size=400, random_state=seed)
    Xa, Xb = (torch.as_tensor(v, dtype=torch.float32) for v in (Xa, Xb))
    ya, yb = torch.as_tensor(ya), torch.as_tensor(yb)

    net = DigitsNet()
    opt = torch.optim.RMSprop(net.parameters(), lr=1e-3)
    for epoch in range(20):
        p = torch.randperm(len(Xa))
        for k in range(0, len(p), 32):
            j = p[k:k + 32]
            opt.zero_grad()
            loss = F.nll_loss(F.log_softmax(net(Xa[j]), dim=1), ya[j])
            loss.backward()
            opt.step()
        if (epoch + 1) % 5 == 0:
            print('seed %d epoch %2d loss %.4f' % (seed, epoch + 1, loss.item()))
    with torch.no_grad():
        return (net(Xb).argmax(1) == yb).float().mean().item()


acc = run(3)
print('accuracy: %.4f' % acc)
