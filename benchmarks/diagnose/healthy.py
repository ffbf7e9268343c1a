"""Scripts with no fault, the kind that simple rules stumble over."""

# ruff: noqa: E501 (scripts as text)

from __future__ import annotations

from faulty import CONV, Case, functional
from parts import (
    BINARY,
    CLASSES,
    MSE,
    PICTURES,
    REGRESSION,
    SEQUENCES,
    adam,
    deep,
    drawn,
    mlp,
    script,
    sgd,
    training,
)

LECUN = drawn(
    "nn.init.kaiming_normal_(layer.weight, nonlinearity='linear'); nn.init.zeros_(layer.bias)"
)
HE = drawn("nn.init.kaiming_normal_(layer.weight, nonlinearity='relu'); nn.init.zeros_(layer.bias)")

RESIDUAL = """
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, width)
        self.down = nn.Linear(width, width)

    def forward(self, x):
        return x + self.down(F.relu(self.up(self.norm(x))))


model = nn.Sequential(nn.Linear(20, 32), *[Block(32) for _ in range(25)], nn.Linear(32, 4))
"""

RESNET = """
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)

    def forward(self, x):
        out = F.relu(self.norm1(self.first(x)), inplace=True)
        out = self.norm2(self.second(out))
        out += x
        return F.relu(out, inplace=True)


model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True),
    *[Block(8) for _ in range(10)],
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4),
)
"""

LSTM_BY_HAND = """
class Cell(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        self.from_input = nn.Linear(inputs, 4 * width)
        self.from_state = nn.Linear(width, 4 * width, bias=False)
        with torch.no_grad():
            self.from_input.bias[width : 2 * width] = 6.0  # forget nothing at first

    def forward(self, x, h, c):
        i, f, g, o = (self.from_input(x) + self.from_state(h)).chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(12, 16)
        self.cell = Cell(16, 32)
        self.last = nn.Linear(32, 12)

    def forward(self, x):
        h = c = torch.zeros(len(x), 32)
        outputs = []
        for t in range(x.shape[1]):
            h, c = self.cell(self.embed(x[:, t]), h, c)
            outputs.append(self.last(h))
        return torch.stack(outputs, dim=2)


model = Net()
"""

ATTENTION = """
class Attention(nn.Module):
    def __init__(self, width, sharpness):
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.sharpness = sharpness

    def forward(self, x):
        q, k, v = self.query(x), self.key(x), self.value(x)
        weights = torch.softmax(self.sharpness * q @ k.transpose(1, 2), dim=-1)
        return self.out(weights @ v)


class Layer(nn.Module):
    def __init__(self, width, sharpness):
        super().__init__()
        self.attention = Attention(width, sharpness)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Net(nn.Module):
    def __init__(self, depth, sharpness):
        super().__init__()
        self.embed = nn.Embedding(12, 32)
        self.position = nn.Parameter(torch.randn(10, 32))
        self.layers = nn.ModuleList(Layer(32, sharpness) for _ in range(depth))
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, 12)

    def forward(self, x):
        x = self.embed(x) + self.position
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x))
"""
TOKENS = "F.cross_entropy(model(x[rows]).flatten(0, 1), y[rows].flatten())"

GAN = """
x = torch.tanh(torch.randn(512, 8) @ torch.randn(8, 8))
generator = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 8), nn.Tanh())
critic = nn.Sequential(nn.Linear(8, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
make = torch.optim.Adam(generator.parameters(), lr=2e-3, betas=(0.5, 0.999))
judge = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.5, 0.999))
for epoch in range(12):
    for rows in torch.randperm(512).split(64):
        fake = generator(torch.randn(64, 8))
        real, made = critic(x[rows]), critic(fake.detach())
        loss = F.softplus(-real).mean() + F.softplus(made).mean()
        judge.zero_grad()
        loss.backward()
        judge.step()
        fooled = F.softplus(-critic(fake)).mean()
        make.zero_grad()
        fooled.backward()
        make.step()
print(f"loss {loss.item():.4f} {fooled.item():.4f}")
"""

VAE = """
class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(20, 64)
        self.mean = nn.Linear(64, 4)
        self.logvar = nn.Linear(64, 4)
        self.decode = nn.Linear(4, 64)
        self.out = nn.Linear(64, 20)

    def forward(self, x):
        h = F.relu(self.encode(x))
        mean, logvar = self.mean(h), self.logvar(h)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * logvar)
        return torch.sigmoid(self.out(F.relu(self.decode(z)))), mean, logvar


x = torch.sigmoid(torch.randn(512, 4) @ torch.randn(4, 20))
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(15):
    for rows in torch.randperm(512).split(64):
        made, mean, logvar = model(x[rows])
        loss = F.binary_cross_entropy(made, x[rows], reduction="sum") / 64
        loss = loss - 0.5 * (1 + logvar - mean**2 - logvar.exp()).sum() / 64
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(f"loss {loss.item():.4f}")
"""

EXPERTS = """
class Experts(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(20, 4)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 4)) for _ in range(4)
        )

    def forward(self, x):
        weights, chosen = torch.softmax(self.gate(x), dim=1).max(dim=1)
        out = torch.zeros(len(x), 4)
        for number, expert in enumerate(self.experts):
            mine = chosen == number
            if mine.any():
                out[mine] = weights[mine, None] * expert(x[mine])
        return out


model = Experts()
"""

QUANTISED = """
class Quantised(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 8))
        self.codes = nn.Embedding(32, 8)
        self.decode = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 20))

    def forward(self, x):
        z = self.encode(x)
        code = self.codes(torch.cdist(z, self.codes.weight).argmin(dim=1))
        kept = F.mse_loss(code, z.detach()) + 0.25 * F.mse_loss(z, code.detach())
        return self.decode(z + (code - z).detach()), kept


x = torch.randn(512, 4) @ torch.randn(4, 20)
model = Quantised()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(15):
    for rows in torch.randperm(512).split(64):
        made, kept = model(x[rows])
        loss = F.mse_loss(made, x[rows]) + kept
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(f"loss {loss.item():.4f}")
"""

DQN = """
import copy

model = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))
target = copy.deepcopy(model)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for step in range(150):
    state, action, following = torch.randn(64, 6), torch.randint(3, (64,)), torch.randn(64, 6)
    reward = state[:, 0] * (action - 1)
    with torch.no_grad():
        wanted = reward + 0.9 * target(following).max(dim=1).values
    loss = F.smooth_l1_loss(model(state)[torch.arange(64), action], wanted)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 50 == 0:
        target.load_state_dict(model.state_dict())
print(f"loss {loss.item():.4f}")
"""

MOBILE = """
def block(inputs, outputs):
    wide = 4 * inputs
    return nn.Sequential(
        nn.Conv2d(inputs, wide, 1), nn.BatchNorm2d(wide), nn.ReLU6(),
        nn.Conv2d(wide, wide, 3, padding=1, groups=wide), nn.BatchNorm2d(wide), nn.ReLU6(),
        nn.Conv2d(wide, outputs, 1), nn.BatchNorm2d(outputs),
    )


model = nn.Sequential(
    nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU6(),
    block(8, 8), block(8, 8), nn.Conv2d(8, 32, 1), nn.BatchNorm2d(32), nn.ReLU6(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 4),
)
"""

SQUEEZE = """
class Squeeze(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.down = nn.Linear(width, 4)
        self.up = nn.Linear(4, width)
        nn.init.constant_(self.up.bias, 5.0)

    def forward(self, x):
        x = F.relu(self.conv(x))
        gate = torch.sigmoid(self.up(F.relu(self.down(x.mean(dim=(2, 3))))))
        return x * gate[:, :, None, None]


model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), Squeeze(16), Squeeze(16),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 4),
)
"""

FIXUP = """
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up = nn.Linear(width, width)
        self.down = nn.Linear(width, width)
        nn.init.zeros_(self.down.weight)

    def forward(self, x):
        return F.relu(x + self.down(F.relu(self.up(x))))


model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), *[Block(32) for _ in range(8)], nn.Linear(32, 4))
nn.init.zeros_(model[-1].weight)
"""

LORA = """
class Adapted(nn.Module):
    def __init__(self, base, rank):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down = nn.Linear(base.in_features, rank, bias=False)
        self.up = nn.Linear(rank, base.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x):
        return self.base(x) + self.up(self.down(x))


model = nn.Sequential(
    Adapted(nn.Linear(20, 64), 4), nn.ReLU(), Adapted(nn.Linear(64, 64), 4), nn.ReLU(),
    Adapted(nn.Linear(64, 4), 2),
)
"""


def cases() -> list[Case]:
    """All healthy cases."""
    texts = {
        "sparse-living-relu": script(
            CLASSES,
            mlp("nn.ReLU()", (20, 256, 4)),
            "with torch.no_grad():\n    model[0].bias.fill_(-1.2)\n",
            training(optimizer=sgd(0.05)),
        ),
        "sparse-by-penalty": script(
            REGRESSION,
            """
            encode, decode = nn.Linear(20, 128), nn.Linear(128, 20)
            model = nn.ModuleList([encode, decode])
            optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
            for epoch in range(20):
                for rows in torch.randperm(512).split(64):
                    code = F.relu(encode(x[rows]))
                    loss = F.mse_loss(decode(code), x[rows]) + 1e-3 * code.abs().mean()
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
            print(f"loss {loss.item():.4f}")
            """,
        ),
        "converged": script(
            "x = torch.randn(64, 20)\ny = (x[:, 0] > 0).long()",
            mlp("nn.Tanh()", (20, 64, 64, 2)),
            training(optimizer=sgd(0.5), epochs=800, batch=64),
        ),
        "converged-regression": script(
            "x = torch.randn(128, 4)\ny = x @ torch.randn(4, 1)",
            mlp("nn.ReLU()", (4, 64, 1)),
            "optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)",
            """
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 800)
            for step in range(800):
                loss = F.mse_loss(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
            print(f"loss {loss.item():.6f}")
            """,
        ),
        "warm-up": script(
            CLASSES,
            mlp("nn.ReLU()"),
            """
            optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
            warm = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1.0, max(0, s - 10) / 60))
            for step in range(150):
                rows = torch.randint(512, (64,))
                loss = F.cross_entropy(model(x[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                warm.step()
            print(f"loss {loss.item():.4f}")
            """,
        ),
        "frozen-backbone": script(
            CLASSES,
            """
            backbone = nn.Sequential(nn.Linear(20, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU())
            backbone.requires_grad_(False)
            model = nn.Sequential(backbone, nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 4))
            """,
            training(optimizer=adam(3e-3)),
        ),
        "frozen-no-grad": script(
            CLASSES,
            """
            backbone = nn.Sequential(nn.Linear(20, 128), nn.GELU()).eval()
            model = nn.Sequential(nn.Linear(128, 32), nn.ReLU(), nn.Linear(32, 4))
            optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
            for step in range(150):
                rows = torch.randint(512, (64,))
                with torch.no_grad():
                    features = backbone(x[rows])
                loss = F.cross_entropy(model(features), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            print(f"loss {loss.item():.4f}")
            """,
        ),
        "lstm-by-hand": script(SEQUENCES, LSTM_BY_HAND, training(optimizer=adam(5e-3), epochs=12)),
        "lstm": script(
            SEQUENCES,
            """
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.embed = nn.Embedding(12, 16)
                    self.lstm = nn.LSTM(16, 32, num_layers=2, batch_first=True)
                    self.last = nn.Linear(32, 12)

                def forward(self, x):
                    return self.last(self.lstm(self.embed(x))[0]).transpose(1, 2)


            model = Net()
            """,
            training(optimizer=adam(5e-3), epochs=12),
        ),
        "gru-clipped": script(
            SEQUENCES,
            """
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.embed = nn.Embedding(12, 16)
                    self.gru = nn.GRU(16, 32, batch_first=True)
                    self.last = nn.Sequential(nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 12))

                def forward(self, x):
                    return self.last(self.gru(self.embed(x))[0]).transpose(1, 2)


            model = Net()
            optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
            for epoch in range(12):
                for rows in torch.randperm(256).split(64):
                    loss = F.cross_entropy(model(x[rows]), y[rows])
                    optimizer.zero_grad()
                    loss.backward()
                    nn.utils.clip_grad_norm_(model.parameters(), 0.5)
                    optimizer.step()
            print(f"loss {loss.item():.4f}")
            """,
        ),
        "one-hot-attention": script(
            SEQUENCES, ATTENTION, "model = Net(2, sharpness=20.0)", training(TOKENS, adam(2e-3), 8)
        ),
        "transformer": script(
            SEQUENCES,
            ATTENTION,
            "model = Net(3, sharpness=32**-0.5)",
            training(TOKENS, adam(2e-3), 8),
        ),
        "transformer-layers": script(
            SEQUENCES,
            """
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.embed = nn.Embedding(12, 32)
                    self.position = nn.Parameter(torch.randn(10, 32))
                    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
                    self.body = nn.TransformerEncoder(layer, 2)
                    self.head = nn.Linear(32, 12)

                def forward(self, x):
                    return self.head(self.body(self.embed(x) + self.position))


            model = Net()
            """,
            training(TOKENS, adam(1e-3), 8),
        ),
        "residual-50": script(CLASSES, RESIDUAL, training(optimizer=adam(1e-3), epochs=8)),
        "resnet-20": script(
            PICTURES, RESNET, training(optimizer=sgd(0.05, ", momentum=0.9"), epochs=6)
        ),
        "residual-zero-branches": script(CLASSES, FIXUP, training(optimizer=sgd(0.02))),
        "selu-right": script(
            CLASSES, deep("nn.SELU()", 8, 64), LECUN, training(optimizer=sgd(0.01))
        ),
        "selu-alpha-dropout": script(
            CLASSES,
            mlp("nn.SELU(), nn.AlphaDropout(0.05)", (20, 64, 64, 64, 4)),
            LECUN,
            training(optimizer=sgd(0.02)),
        ),
        "linear-regression": script(
            REGRESSION, "model = nn.Linear(20, 1)", training(MSE, sgd(0.05))
        ),
        "softmax-regression": script(
            PICTURES,
            "model = nn.Sequential(nn.Flatten(), nn.Linear(144, 4))",
            training(optimizer=sgd(0.05)),
        ),
        "matrix-factorisation": script(
            "x = torch.randn(512, 64)\ny = x @ torch.randn(64, 3) @ torch.randn(3, 64)",
            "model = nn.Sequential(nn.Linear(64, 6, bias=False), nn.Linear(6, 64, bias=False))",
            training(MSE, adam(1e-2)),
        ),
        "low-rank-head": script(
            CLASSES,
            "model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2), nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 4))",
            training(optimizer=adam(3e-3)),
        ),
        "lora": script(CLASSES, LORA, training(optimizer=adam(1e-2))),
        "accumulation": script(
            CLASSES,
            mlp("nn.ReLU()"),
            """
            optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
            for epoch in range(20):
                for number, rows in enumerate(torch.randperm(512).split(16)):
                    loss = F.cross_entropy(model(x[rows]), y[rows]) / 4
                    loss.backward()
                    if number % 4 == 3:
                        optimizer.step()
                        optimizer.zero_grad()
            print(f"loss {loss.item():.4f}")
            """,
        ),
        "clipped-tightly": script(
            CLASSES,
            mlp("nn.LeakyReLU()"),
            """
            optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
            for step in range(150):
                rows = torch.randint(512, (64,))
                loss = F.cross_entropy(model(x[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 0.1)
                optimizer.step()
            print(f"loss {loss.item():.4f}")
            """,
        ),
        "amp-bfloat16": script(
            CLASSES,
            mlp("nn.GELU()"),
            """
            optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
            for step in range(150):
                rows = torch.randint(512, (64,))
                with torch.autocast("cpu", torch.bfloat16):
                    loss = F.cross_entropy(model(x[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            print(f"loss {loss.item():.4f}")
            """,
        ),
        "amp-float16-scaled": script(
            CLASSES,
            mlp("nn.Tanh()"),
            """
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)
            for step in range(150):
                rows = torch.randint(512, (64,))
                with torch.autocast("cpu", torch.float16):
                    loss = F.cross_entropy(model(x[rows]), y[rows])
                optimizer.zero_grad()
                scaler.scale(loss).backward()
                scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                scaler.step(optimizer)
                scaler.update()
            print(f"loss {loss.item():.4f}")
            """,
        ),
        "bfloat16-weights": script(
            CLASSES,
            mlp("nn.ReLU()"),
            "model = model.bfloat16()\nx = x.bfloat16()",
            training(optimizer=sgd(0.3)),
        ),
        "tied-weights": script(
            SEQUENCES,
            """
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.embed = nn.Embedding(12, 32)
                    self.body = nn.Sequential(nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 32))
                    self.head = nn.Linear(32, 12, bias=False)
                    self.head.weight = self.embed.weight

                def forward(self, x):
                    now = self.embed(x)
                    return self.head(self.body(torch.cat([now, now.roll(1, dims=1)], dim=2)))


            model = Net()
            nn.init.normal_(model.embed.weight, std=0.2)
            """,
            training(TOKENS, adam(3e-3)),
        ),
        "sparse-embedding": script(
            "x = torch.randint(1000, (512, 5))\ny = (x[:, 0] % 2)",
            """
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.embed = nn.Embedding(1000, 16, sparse=True)
                    self.body = nn.Sequential(nn.Linear(80, 32), nn.ReLU(), nn.Linear(32, 2))

                def forward(self, x):
                    return self.body(self.embed(x).flatten(1))


            model = Net()
            sparse = torch.optim.SparseAdam(model.embed.parameters(), lr=1e-2)
            dense = torch.optim.Adam(model.body.parameters(), lr=1e-2)
            for epoch in range(12):
                for rows in torch.randperm(512).split(64):
                    loss = F.cross_entropy(model(x[rows]), y[rows])
                    sparse.zero_grad()
                    dense.zero_grad()
                    loss.backward()
                    sparse.step()
                    dense.step()
            print(f"loss {loss.item():.4f}")
            """,
        ),
        "gan": script(GAN),
        "vae": script(VAE),
        "experts": script(CLASSES, EXPERTS, training(optimizer=adam(3e-3))),
        "straight-through": script(QUANTISED),
        "q-learning": script(DQN),
        "mobile": script(PICTURES, MOBILE, training(optimizer=sgd(0.1), epochs=8)),
        "squeeze-excite": script(PICTURES, SQUEEZE, training(optimizer=adam(3e-3), epochs=10)),
        "batch-norm-conv": script(
            PICTURES,
            """
            model = nn.Sequential(
                nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
                nn.Conv2d(16, 32, 3), nn.BatchNorm2d(32), nn.ReLU(), nn.Flatten(), nn.Linear(288, 4),
            )
            """,
            training(optimizer=adam(3e-3)),
        ),
        "silu": script(CLASSES, mlp("nn.SiLU()"), training(optimizer=adam(3e-3))),
        "mish-functional": script(
            CLASSES, functional("F.mish(self.first(x))", "F.mish(self.second(x))"), training()
        ),
        "leaky": script(CLASSES, deep("nn.LeakyReLU(0.01)", 4), HE, training()),
        "gelu-he-10": script(
            CLASSES, deep("nn.GELU()", 10, 64), HE, training(optimizer=adam(1e-3))
        ),
        "prelu": script(CLASSES, mlp("nn.PReLU()"), training(optimizer=sgd(0.1))),
        "relu-he-12": script(
            CLASSES, deep("nn.ReLU()", 12, 64), HE, training(optimizer=adam(1e-3))
        ),
        "relu-6-default": script(CLASSES, deep("nn.ReLU()", 5, 64), training(optimizer=adam(2e-3))),
        "sigmoid-shallow": script(
            CLASSES, mlp("nn.Sigmoid()", (20, 64, 64, 4)), training(optimizer=adam(1e-2))
        ),
        "tanh-xavier-8": script(
            CLASSES,
            deep("nn.Tanh()", 8, 64),
            drawn("nn.init.xavier_normal_(layer.weight, gain=5 / 3)"),
            training(optimizer=sgd(0.02)),
        ),
        "softsign": script(CLASSES, mlp("nn.Softsign()"), training(optimizer=sgd(0.3))),
        "sigmoid-bce": script(
            BINARY,
            mlp("nn.ReLU()", (20, 64, 1), end="nn.Sigmoid()"),
            training("F.binary_cross_entropy(model(x[rows]), y[rows])", adam(1e-2), 60),
        ),
        "log-softmax-nll": script(
            CLASSES,
            mlp("nn.ReLU()", end="nn.LogSoftmax(dim=1)"),
            training("F.nll_loss(model(x[rows]), y[rows])"),
        ),
        "softmax-log-nll": script(
            CLASSES,
            functional(c="torch.log(F.softmax(self.last(x), dim=1))"),
            training("F.nll_loss(model(x[rows]), y[rows])"),
        ),
        "tanh-output": script(
            "x = torch.randn(512, 20)\ny = torch.sin(x[:, :1])",
            mlp("nn.ReLU()", (20, 64, 1), end="nn.Tanh()"),
            training(MSE, sgd(0.05)),
        ),
        "softplus-output": script(
            "x = torch.randn(512, 20)\ny = torch.exp(0.5 * x[:, :1])",
            mlp("nn.Tanh()", (20, 64, 1), end="nn.Softplus()"),
            training(MSE, sgd(0.02)),
        ),
        "autoencoder": script(
            "x = torch.sigmoid(torch.randn(512, 4) @ torch.randn(4, 20))",
            "model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 4), nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 20), nn.Sigmoid())",
            training("F.mse_loss(model(x[rows]), x[rows])", adam(3e-3)),
        ),
        "multi-task": script(
            CLASSES,
            """
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.body = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 32))
                    self.first, self.second = nn.Linear(32, 4), nn.Linear(32, 1)

                def forward(self, x):
                    shared = self.body(x)
                    return self.first(shared), self.second(shared)


            model = Net()
            """,
            training(
                "F.cross_entropy(model(x[rows])[0], y[rows]) + model(x[rows])[1].square().mean()"
            ),
        ),
        "checkpointed": script(
            CLASSES,
            """
            from torch.utils.checkpoint import checkpoint


            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.first = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.1))
                    self.second = nn.Sequential(nn.Linear(64, 64), nn.ReLU())
                    self.last = nn.Linear(64, 4)

                def forward(self, x):
                    x = checkpoint(self.first, x, use_reentrant=False)
                    return self.last(checkpoint(self.second, x, use_reentrant=False))


            model = Net()
            """,
            training(),
        ),
        "lbfgs": script(
            CLASSES,
            mlp("nn.Tanh()", (20, 32, 4)),
            """
            optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=4)


            def closure():
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y)
                loss.backward()
                return loss


            for step in range(25):
                loss = optimizer.step(closure)
            print(f"loss {loss.item():.4f}")
            """,
        ),
        "gradient-penalty": script(
            REGRESSION,
            mlp("nn.Softplus()", (20, 64, 1)),
            """
            optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
            for step in range(120):
                rows = torch.randint(512, (64,))
                inputs = x[rows].requires_grad_()
                out = model(inputs)
                (slope,) = torch.autograd.grad(out.sum(), inputs, create_graph=True)
                loss = F.mse_loss(out, y[rows]) + 0.01 * slope.square().sum(1).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            print(f"loss {loss.item():.4f}")
            """,
        ),
        "weight-decay": script(
            CLASSES,
            mlp("nn.ReLU()"),
            training(
                optimizer="torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)",
                epochs=30,
            ),
        ),
        "noisy-labels-momentum": script(
            CLASSES,
            "y[::5] = 0",
            mlp("nn.ReLU()"),
            training(optimizer=sgd(0.05, ", momentum=0.9"), epochs=25),
        ),
        "validation-between": script(
            CLASSES,
            mlp("nn.ReLU(), nn.Dropout(0.2)"),
            """
            optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
            for epoch in range(10):
                model.train()
                for rows in torch.randperm(400).split(50):
                    loss = F.cross_entropy(model(x[rows]), y[rows])
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                model.eval()
                with torch.no_grad():
                    right = (model(x[400:]).argmax(1) == y[400:]).float().mean()
            print(f"accuracy {right:.3f}")
            """,
        ),
        "dead-inputs": script(
            PICTURES,
            "x[:, :, :3] = 0.0\nx[:, :, -3:] = 0.0",
            "model = nn.Sequential(nn.Flatten(), nn.Linear(144, 64), nn.ReLU(), nn.Linear(64, 4))",
            training(optimizer=sgd(0.05)),
        ),
        "conv-default": script(PICTURES, CONV, training(optimizer=sgd(0.05))),
        "tanh-regression-long": script(
            "x = torch.linspace(-3, 3, 256)[:, None]\ny = torch.sin(2 * x)",
            mlp("nn.Tanh()", (1, 32, 32, 1)),
            training(MSE, adam(1e-2), 100),
        ),
        "relu-1d-regression": script(
            "x = torch.linspace(-3, 3, 256)[:, None]\ny = x.abs()",
            mlp("nn.ReLU()", (1, 32, 32, 1)),
            training(MSE, adam(3e-3), 60),
        ),
    }
    return [Case(f"healthy-{name}", text) for name, text in texts.items()]
