import torch
torch.set_num_threads(1)
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(3)
LINES = torch.tensor([[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 3, 6], [1, 4, 7], [2, 5, 8], [0, 4, 8], [2, 4, 6]])


def winner(board, who):
    return (board[:, LINES] == who).all(2).any(1)


class Player(nn.Module):
    def __init__(self, width=96):
        super().__init__()
        self.l1 = nn.Linear(18, width)
        self.l2 = nn.Linear(width, width)
        self.pi = nn.Linear(width, 9)
        self.v = nn.Linear(width, 1)
        for layer, gain in ((self.l1, 2 ** 0.5), (self.l2, 2 ** 0.5), (self.pi, 0.01), (self.v, 1.0)):
            nn.init.orthogonal_(layer.weight, gain)
            nn.init.zeros_(layer.bias)

    def forward(self, board):
        x = torch.cat([(board == 1).float(), (board == -1).float()], 1)
        h = torch.celu(self.l1(x))
        h = torch.celu(self.l2(h))
        logits = self.pi(h).masked_fill(board != 0, float("-inf"))
        return logits, self.v(h).squeeze(1)


def random_move(board):
    return Categorical(logits=torch.zeros_like(board).masked_fill(board != 0, float("-inf"))).sample()


def play(agent, n, greedy=False):
    board = torch.zeros(n, 9)
    alive = torch.ones(n, dtype=torch.bool)
    result = torch.zeros(n)
    logps, values, ents, lives = [], [], [], []
    for turn in range(5):
        idx = alive.nonzero().squeeze(1)
        if len(idx) == 0:
            break
        sub = board[idx]
        logits, v = agent(sub)
        dist = Categorical(logits=logits)
        act = logits.argmax(1) if greedy else dist.sample()
        logps.append(dist.log_prob(act))
        ents.append(dist.entropy())
        values.append(v)
        lives.append(idx)
        sub[torch.arange(len(idx)), act] = 1.0
        won = winner(sub, 1)
        full = (sub != 0).all(1)
        go = ~(won | full)
        if go.any():
            rest = sub[go]
            rest[torch.arange(len(rest)), random_move(rest)] = -1.0
            sub[go] = rest
        lost = winner(sub, -1)
        board[idx] = sub
        result[idx] = won.float() - lost.float()
        alive[idx] = go & ~lost
    return logps, values, ents, lives, result


agent = Player()
opt = torch.optim.RMSprop(agent.parameters(), lr=1e-3, alpha=0.99, eps=1e-5)
N_UPD = 350
for upd in range(N_UPD):
    for g in opt.param_groups:
        g["lr"] = 1e-3 * (1 - upd / N_UPD)
    logps, values, ents, lives, result = play(agent, 128)
    ret = torch.cat([result[i] for i in lives]).clamp(-1, 1)
    logp, val, ent = torch.cat(logps), torch.cat(values), torch.cat(ents)
    adv = ret - val.detach()
    adv = (adv - adv.mean()) / (adv.std() + 1e-6)
    loss = -(adv * logp).mean() + 0.5 * (ret - val).pow(2).mean() - 0.01 * ent.mean()
    opt.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
    opt.step()
    if upd % 50 == 0:
        print(upd, "mean result", round(result.mean().item(), 3), "entropy", round(ent.mean().item(), 3))

with torch.no_grad():
    res = play(agent, 2000, greedy=True)[-1]


class Uniform(nn.Module):
    def forward(self, b):
        return torch.zeros_like(b).masked_fill(b != 0, float("-inf")), torch.zeros(len(b))


print("uniform wins", (play(Uniform(), 2000)[-1] > 0).float().mean().item())
print("final win_rate", round((res > 0).float().mean().item(), 4))
