import math
import torch
torch.set_num_threads(1)
import torch.nn as nn

torch.manual_seed(21)
K = 8
ang = torch.arange(K) * 2 * math.pi / K
centres = 2.0 * torch.stack([ang.cos(), ang.sin()], 1)


def real(n):
    return centres[torch.randint(K, (n,))] + 0.12 * torch.randn(n, 2)


def mlp(sizes, act):
    mods = []
    for i, o in zip(sizes[:-2], sizes[1:-1]):
        mods += [nn.Linear(i, o), act()]
    return nn.Sequential(*mods, nn.Linear(sizes[-2], sizes[-1]))


gen = mlp([4, 64, 64, 2], nn.ELU)
critic = mlp([2, 64, 64, 1], lambda: nn.LeakyReLU(0.2))
g_opt = torch.optim.Adam(gen.parameters(), 2e-3, betas=(0.0, 0.99))
c_opt = torch.optim.Adam(critic.parameters(), 2e-3, betas=(0.0, 0.99))


def penalty(x, y):
    mix = torch.lerp(x, y, torch.rand(len(x), 1)).requires_grad_(True)
    (g,) = torch.autograd.grad(critic(mix).sum(), mix, create_graph=True)
    return (g.norm(dim=1) - 1).pow(2).mean()


def sliced_w1(a, b, n_dir=64):
    g = torch.Generator().manual_seed(1)
    d = torch.nn.functional.normalize(torch.randn(2, n_dir, generator=g), dim=0)
    return ((a @ d).sort(0).values - (b @ d).sort(0).values).abs().mean().item()


with torch.no_grad():
    print("untrained", round(sliced_w1(gen(torch.randn(2000, 4)), real(2000)), 4))

ema = torch.optim.swa_utils.AveragedModel(gen, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.98))
for it in range(700):
    critic.requires_grad_(True)
    for _ in range(3):
        x = real(96)
        with torch.no_grad():
            fake = gen(torch.randn(96, 4))
        c_loss = critic(fake).mean() - critic(x).mean() + 1.0 * penalty(x, fake)
        c_opt.zero_grad()
        c_loss.backward()
        c_opt.step()
    critic.requires_grad_(False)
    g_loss = -critic(gen(torch.randn(96, 4))).mean()
    g_opt.zero_grad()
    g_loss.backward()
    g_opt.step()
    ema.update_parameters(gen)
    if it % 100 == 0:
        print(f"{it:4d} critic {c_loss.item():+.3f} gen {g_loss.item():+.3f}")

with torch.no_grad():
    s = ema(torch.randn(2000, 4))
near, which = torch.cdist(s, centres).min(1)
hit = torch.bincount(which[near < 0.5], minlength=K)
print("modes", int((hit > 40).sum()), "of", K, "close", round((near < 0.5).float().mean().item(), 3))
print("two real samples differ by", round(sliced_w1(real(2000), real(2000)), 4))
print("final sliced_w1", round(sliced_w1(s, real(2000)), 4))
