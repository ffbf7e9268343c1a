# REINFORCE with a baseline on a little "shuttle" task, batch of environments in one tensor.
# The shuttle moves along a 200 cm rail, has to stop at a marker; actions: push left / idle / push right.
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(5)

N_ENV, HORIZON, GAMMA = 64, 30, 0.95


class ShuttleVec:
    """position, velocity and target, all in cm"""

    def __init__(self, n):
        self.n = n

    def reset(self):
        self.pos = torch.rand(self.n) * 200
        self.vel = torch.randn(self.n) * 4
        self.target = torch.rand(self.n) * 200
        return self.obs()

    def obs(self):
        return torch.stack([self.pos/100-1, self.vel/10, self.target/100-1], 1)

    def step(self, a):
        self.vel = 0.7 * self.vel + 6.0 * (a.float() - 1)
        self.pos = (self.pos + self.vel).clamp(0, 200)
        return self.obs(), -(self.pos - self.target).abs() / 100


def layer(i, o, gain=1.0):
    w = torch.nn.init.orthogonal_(torch.empty(o, i), gain)
    return [w.requires_grad_(), torch.zeros(o, requires_grad=True)]


pi1, pi2, pi3 = layer(3, 64), layer(64, 64), layer(64, 3, 0.1)
v1, v2, v3 = layer(3, 64), layer(64, 64), layer(64, 1)


def policy(s):
    h = torch.tanh(F.linear(s, *pi1))
    h = torch.tanh(F.linear(h, *pi2))
    return torch.distributions.Categorical(logits=F.linear(h, *pi3))


def value(s):
    h = torch.tanh(F.linear(s, *v1))
    h = torch.tanh(F.linear(h, *v2))
    return F.linear(h, *v3).squeeze(-1)


opt_pi = torch.optim.Adam(pi1 + pi2 + pi3, lr=3e-3)
opt_v = torch.optim.Adam(v1 + v2 + v3, lr=5e-3)
env = ShuttleVec(N_ENV)


def rollout():
    S, A, R = [], [], []
    s = env.reset()
    for _ in range(HORIZON):
        with torch.no_grad():
            a = policy(s).sample()
        s2, r = env.step(a)
        S.append(s), A.append(a), R.append(r)
        s = s2
    G, acc = [], torch.zeros(N_ENV)
    for r in reversed(R):
        acc = r + GAMMA * acc
        G.insert(0, acc)
    return torch.cat(S), torch.cat(A), torch.cat(G), torch.stack(R).sum(0).mean()


score = []
for it in range(220):
    s, a, g, total = rollout()
    v = value(s)
    adv = (g - v).detach()
    adv = (adv - adv.mean()) / (adv.std() + 1e-6)
    dist = policy(s)
    loss_pi = -(dist.log_prob(a) * adv).mean() - 0.005 * dist.entropy().mean()
    loss_v = F.mse_loss(v, g)
    opt_pi.zero_grad(); loss_pi.backward(); opt_pi.step()
    opt_v.zero_grad(); loss_v.backward(); opt_v.step()
    score.append(total.item())
    if it % 20 == 0:
        print(f"it {it:3d}  return {total.item():8.3f}  value loss {loss_v.item():.3f}  entropy {dist.entropy().mean().item():.3f}")
print("mean return over the last 20 iterations: %.3f" % (sum(score[-20:]) / 20))
