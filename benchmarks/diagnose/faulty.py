"""Scripts with one fault each, and the finding that names it."""

# ruff: noqa: E501 (scripts as text)

from __future__ import annotations

from typing import NamedTuple

from parts import (
    BCE,
    BINARY,
    CLASSES,
    CURVED,
    CURVED_PICTURES,
    MSE,
    PARITY,
    PICTURES,
    REGRESSION,
    SMOOTH,
    adam,
    deep,
    drawn,
    mlp,
    script,
    sgd,
    training,
)


class Case(NamedTuple):
    """A script, what has to be found in it, and what may be.

    Attributes:
        name: of the script.
        text: the script.
        kind: the finding that names the fault; None in a healthy one.
        causes: causes that are right.
        also: kinds of findings that are true as well, as consequences of the fault.
    """

    name: str
    text: str
    kind: str | None = None
    causes: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


CONV = """
model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(),
    nn.Conv2d(8, 16, 3, padding=1, stride=2), nn.ReLU(),
    nn.Flatten(), nn.Linear(16 * 36, 4),
)
"""

FUNCTIONAL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(20, 64)
        self.second = nn.Linear(64, 64)
        self.last = nn.Linear(64, {outputs})

    def forward(self, x):
        x = {a}
        x = {b}
        return {c}


model = Net()
"""


def functional(
    a: str = "F.relu(self.first(x))",
    b: str = "F.relu(self.second(x))",
    c: str = "self.last(x)",
    outputs: int = 4,
) -> str:
    """A network whose activations are calls."""
    return FUNCTIONAL.format(a=a, b=b, c=c, outputs=outputs)


def _dead() -> list[Case]:
    rate = ("learning-rate-too-high",)
    also = ("exploding-gradient",)
    bias = "with torch.no_grad():\n    model{where}.bias.fill_({value})\n"
    return [
        Case(
            "dead-adam-rate-1",
            script(CLASSES, mlp("nn.ReLU()"), training(optimizer=adam(1.0))),
            "dead-units",
            rate,
            also,
        ),
        Case(
            "dead-functional-rate",
            script(
                CLASSES,
                functional(b="self.second(x).relu()"),
                training(optimizer=adam(1.0)),
                seed=3,
            ),
            "dead-units",
            rate,
            also,
        ),
        Case(
            "dead-negative-bias",
            script(CLASSES, mlp("nn.ReLU()"), bias.format(where="[0]", value=-20.0), training()),
            "dead-units",
            ("negative-bias",),
        ),
        Case(
            "dead-negative-bias-conv",
            script(PICTURES, CONV, bias.format(where="[2]", value=-15.0), training(), seed=1),
            "dead-units",
            ("negative-bias",),
        ),
        Case(
            "dead-negative-bias-functional",
            script(CLASSES, functional(), bias.format(where=".second", value=-20.0), training()),
            "dead-units",
            ("negative-bias",),
        ),
        Case(
            "dead-gelu-bias",
            script(
                CLASSES,
                mlp("nn.GELU()"),
                bias.format(where="[2]", value=-25.0),
                training(optimizer=adam()),
            ),
            "dead-units",
            ("negative-bias",),
        ),
        Case(
            "dead-relu6-three-quarters",
            script(
                CLASSES,
                mlp("nn.ReLU6()", (20, 64, 64, 64, 4)),
                "with torch.no_grad():\n    model[2].bias[:48] = -15.0\n",
                training(),
            ),
            "dead-units",
            ("negative-bias",),
        ),
        Case(
            "dead-regression-momentum",
            script(
                "x = torch.rand(512, 20)\ny = 30 * x.sum(1, keepdim=True) - 250",
                mlp("nn.ReLU()", (20, 64, 64, 1)),
                training(MSE, sgd(0.003, ", momentum=0.9")),
            ),
            "dead-units",
            ("learning-rate-too-high", "target-scale"),
            also,
        ),
    ]


def _saturated() -> list[Case]:
    scale = ("init-scale",)
    also = ("init-mismatch",)
    return [
        Case(
            "saturated-tanh-init",
            script(
                CLASSES,
                mlp("nn.Tanh()"),
                drawn("nn.init.normal_(layer.weight, std=3.0)"),
                training(optimizer=sgd(0.01)),
            ),
            "saturated-units",
            scale,
            also,
        ),
        Case(
            "saturated-sigmoid-init",
            script(
                CLASSES,
                mlp("nn.Sigmoid()"),
                drawn("nn.init.normal_(layer.weight, std=5.0)"),
                training(optimizer=adam()),
            ),
            "saturated-units",
            scale,
            also,
        ),
        Case(
            "saturated-functional-tanh",
            script(
                CLASSES,
                functional("torch.tanh(self.first(x))", "self.second(x).tanh()"),
                drawn("nn.init.normal_(layer.weight, std=2.0)"),
                training(optimizer=adam()),
            ),
            "saturated-units",
            scale,
            also,
        ),
        Case(
            "saturated-pixels",
            script(
                "x = torch.randint(256, (512, 20)).float()\ny = (x[:, 0] > x[:, 1]).long()",
                mlp("nn.Tanh()", (20, 64, 64, 2)),
                training(optimizer=sgd(0.01)),
            ),
            "saturated-units",
            ("input-scale",),
            ("exploding-gradient",),
        ),
        Case(
            "saturated-pixels-sigmoid",
            script(
                "x = 255 * torch.rand(512, 20)\ny = (x[:, 0] > x[:, 1]).long()",
                mlp("nn.Sigmoid()", (20, 64, 2)),
                training(optimizer=adam()),
            ),
            "saturated-units",
            ("input-scale",),
        ),
        Case(
            "saturated-bias",
            script(
                CLASSES,
                mlp("nn.Sigmoid()"),
                "with torch.no_grad():\n    model[2].bias.fill_(15.0)\n",
                training(),
            ),
            "saturated-units",
            ("bias",),
        ),
        Case(
            "saturated-hard-tanh",
            script(
                CLASSES,
                mlp("nn.Hardtanh()"),
                drawn("nn.init.normal_(layer.weight, std=3.0)"),
                training(optimizer=sgd(0.01)),
            ),
            "saturated-units",
            scale,
            also,
        ),
        Case(
            "saturated-tanh-rate",
            script(CLASSES, mlp("nn.Tanh()"), training(optimizer=adam(1.0))),
            "saturated-units",
            ("learning-rate-too-high",),
            ("exploding-gradient",),
        ),
    ]


def _flow() -> list[Case]:
    kaiming = drawn("nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')")
    return [
        Case(
            "vanishing-sigmoid-10",
            script(CLASSES, deep("nn.Sigmoid()", 10), training()),
            "vanishing-gradient",
            ("depth",),
        ),
        Case(
            "vanishing-sigmoid-adam",
            script(BINARY, deep("nn.Sigmoid()", 8, outputs=1), training(BCE, adam())),
            "vanishing-gradient",
            ("depth",),
        ),
        Case(
            "vanishing-tanh-small",
            script(
                CLASSES,
                deep("nn.Tanh()", 12),
                drawn("nn.init.normal_(layer.weight, std=0.05)"),
                training(),
            ),
            "vanishing-gradient",
            ("init-scale",),
            ("init-mismatch",),
        ),
        Case(
            "vanishing-relu-20",
            script(CLASSES, deep("nn.ReLU()", 20), training(), seed=1),
            "vanishing-gradient",
            ("init-scale",),
            ("dead-units",),
        ),
        Case(
            "vanishing-functional-sigmoid",
            script(
                SMOOTH,
                """
                class Net(nn.Module):
                    def __init__(self):
                        super().__init__()
                        self.first = nn.Linear(20, 32)
                        self.rest = nn.ModuleList(nn.Linear(32, 32) for _ in range(9))
                        self.last = nn.Linear(32, 1)

                    def forward(self, x):
                        x = torch.sigmoid(self.first(x))
                        for layer in self.rest:
                            x = F.sigmoid(layer(x))
                        return self.last(x)


                model = Net()
                """,
                training(MSE),
            ),
            "vanishing-gradient",
            ("depth",),
        ),
        Case(
            "vanishing-mish-30",
            script(CLASSES, deep("nn.Mish()", 30), training()),
            "vanishing-gradient",
            ("init-scale",),
        ),
        Case(
            "exploding-init-relu",
            script(
                CLASSES,
                deep("nn.ReLU()", 8, 64),
                drawn("nn.init.normal_(layer.weight, std=1.0)"),
                training(optimizer=sgd(1e-3)),
            ),
            "exploding-gradient",
            ("init-scale",),
            ("init-mismatch", "non-finite", "dead-units"),
        ),
        Case(
            "exploding-depth-clipped",
            script(
                CLASSES,
                deep("nn.LeakyReLU()", 24),
                drawn("nn.init.normal_(layer.weight, std=0.42)"),
                training(optimizer=adam()),
            ),
            "exploding-gradient",
            ("init-scale",),
            ("init-mismatch",),
        ),
        Case(
            "exploding-rate",
            script(REGRESSION, mlp("nn.Tanh()", (20, 64, 64, 1)), training(MSE, sgd(30.0))),
            "exploding-gradient",
            ("learning-rate-too-high",),
            ("non-finite", "saturated-units"),
        ),
        Case(
            "exploding-rate-elu",
            script(CLASSES, mlp("nn.ELU()"), training(optimizer=sgd(50.0))),
            "exploding-gradient",
            ("learning-rate-too-high",),
            ("non-finite", "saturated-units"),
        ),
        Case(
            "exploding-targets",
            script(
                "x = torch.randn(512, 20)\ny = 1e4 * x[:, :1] + 5e4",
                mlp("nn.LeakyReLU()", (20, 64, 64, 1)),
                training(MSE, sgd(0.01)),
            ),
            "exploding-gradient",
            ("target-scale",),
            ("non-finite",),
        ),
        Case(
            "exploding-inputs",
            script(
                "x = 300 * torch.randn(512, 20)\ny = x[:, :1] / 300",
                mlp("nn.LeakyReLU()", (20, 64, 64, 1)),
                training(MSE, sgd(0.05)),
            ),
            "exploding-gradient",
            ("input-scale",),
            ("non-finite",),
        ),
        Case(
            "exploding-plain-kaiming-twice",
            script(
                CLASSES,
                deep("nn.ReLU()", 16, 64),
                kaiming,
                drawn("layer.weight.data.mul_(2)"),
                training(optimizer=sgd(1e-4)),
            ),
            "exploding-gradient",
            ("init-scale",),
            ("init-mismatch", "non-finite", "dead-units"),
        ),
    ]


def _non_finite() -> list[Case]:
    return [
        Case(
            "non-finite-log",
            script(
                BINARY,
                "def cross(p, y):\n    return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()\n",
                mlp("nn.ReLU()", (20, 64, 1), end="nn.Sigmoid()"),
                training("cross(model(3 * x[rows]), y[rows])", adam(0.01), epochs=60),
            ),
            "non-finite",
            ("loss", "operation", "not-seen"),
        ),
        Case(
            "non-finite-data",
            script(CLASSES, "x[100, 3] = float('nan')", mlp("nn.ReLU()"), training()),
            "non-finite",
            ("input", "not-seen"),
        ),
        Case(
            "non-finite-sqrt",
            script(
                REGRESSION,
                functional(outputs=1),
                """
                def apart(x):
                    return torch.sqrt(((x[:, None] - x[None]) ** 2).sum(-1))


                """,
                training(
                    "F.mse_loss(model(x[rows]), y[rows]) - 1e-3 * apart(model(x[rows])).mean()"
                ),
            ),
            "non-finite",
            ("operation", "loss", "not-seen"),
        ),
        Case(
            "non-finite-division",
            script(
                CLASSES,
                "x[:, 5] = 1.0\nx = (x - x.mean(0)) / x.std(0)\nx[:, 5] /= x[:, 5].abs().max()",
                mlp("nn.Tanh()"),
                training(),
            ),
            "non-finite",
            ("input", "not-seen"),
        ),
        Case(
            "non-finite-half",
            script(
                SMOOTH,
                mlp("nn.ReLU()", (20, 64, 64, 1)),
                "model = model.half()\nx, y = x.half(), 500 * y.half()",
                training(MSE, adam(0.01)),
            ),
            "non-finite",
            ("dtype", "input-scale", "target-scale"),
            ("exploding-gradient", "underflow"),
        ),
    ]


def _linear() -> list[Case]:
    missing = ("missing-activation",)
    return [
        Case(
            "linear-no-activation",
            script(
                CURVED,
                "model = nn.Sequential(nn.Linear(20, 64), nn.Linear(64, 64), nn.Linear(64, 4))",
                training(epochs=40),
            ),
            "linear-network",
            missing,
        ),
        Case(
            "linear-one-missing",
            script(
                PARITY,
                functional(b="self.second(x)"),
                training(optimizer=adam(), epochs=60),
            ),
            "linear-network",
            missing,
        ),
        Case(
            "linear-conv",
            script(
                CURVED_PICTURES,
                CONV.replace(" nn.ReLU(),", ""),
                training(optimizer=sgd(0.02), epochs=40),
            ),
            "linear-network",
            missing,
        ),
        Case(
            "linear-batch-norm-only",
            script(
                CLASSES,
                mlp("nn.BatchNorm1d(64)"),
                training(),
            ),
            "linear-network",
            missing,
        ),
        Case(
            "linear-identity-dropout",
            script(CURVED, mlp("nn.Dropout(0.1)"), training(optimizer=adam(), epochs=40)),
            "linear-network",
            missing,
        ),
        Case(
            "linear-slope-1",
            script(CLASSES, mlp("nn.LeakyReLU(1.0)"), training()),
            "linear-network",
            ("unused-bend",),
        ),
        Case(
            "linear-always-open",
            script(
                CLASSES,
                mlp("nn.ReLU()"),
                "with torch.no_grad():\n    model[0].bias.fill_(30.0)\n    model[2].bias.fill_(90.0)\n",
                training(optimizer=sgd(1e-4)),
            ),
            "linear-network",
            ("unused-bend",),
        ),
    ]


def _blocked() -> list[Case]:
    step = ("non-differentiable-operation",)
    cut = ("detach",)
    return [
        Case(
            "blocked-sign",
            script(CLASSES, functional("torch.sign(self.first(x))"), training()),
            "blocked-gradient",
            step,
        ),
        Case(
            "blocked-round",
            script(CLASSES, functional(b="F.relu(self.second(x)).round()"), training()),
            "blocked-gradient",
            step,
        ),
        Case(
            "blocked-compare",
            script(CLASSES, functional("(self.first(x) > 0).float()"), training()),
            "blocked-gradient",
            step,
        ),
        Case(
            "blocked-detach",
            script(CLASSES, functional("F.relu(self.first(x)).detach()"), training()),
            "blocked-gradient",
            cut,
        ),
        Case(
            "blocked-data",
            script(
                CLASSES, functional(b="F.relu(self.second(x.data))"), training(optimizer=adam())
            ),
            "blocked-gradient",
            cut,
        ),
        Case(
            "blocked-numpy",
            script(
                CLASSES,
                functional(b="F.relu(self.second(torch.from_numpy(x.detach().numpy())))"),
                training(),
            ),
            "blocked-gradient",
            cut,
        ),
        Case(
            "blocked-floor",
            script(
                REGRESSION,
                functional("torch.floor(torch.tanh(self.first(x)))", outputs=1),
                training(MSE, adam()),
            ),
            "blocked-gradient",
            step,
        ),
    ]


def _output() -> list[Case]:
    wrong = ("wrong-output-layer",)
    return [
        Case(
            "output-softmax",
            script(CLASSES, mlp("nn.ReLU()", end="nn.Softmax(dim=1)"), training()),
            "output-loss-mismatch",
            wrong,
        ),
        Case(
            "output-softmax-functional",
            script(
                CLASSES,
                functional(c="F.softmax(self.last(x), dim=1)"),
                training("nn.CrossEntropyLoss()(model(x[rows]), y[rows])", adam()),
            ),
            "output-loss-mismatch",
            wrong,
        ),
        Case(
            "output-sigmoid-logits",
            script(
                BINARY,
                mlp("nn.ReLU()", (20, 64, 1), end="nn.Sigmoid()"),
                training("nn.BCEWithLogitsLoss()(model(x[rows]), y[rows])"),
            ),
            "output-loss-mismatch",
            wrong,
        ),
        Case(
            "output-nll-scores",
            script(
                CLASSES,
                mlp("nn.ReLU()"),
                training("nn.NLLLoss()(model(x[rows]), y[rows])", sgd(0.03)),
            ),
            "output-loss-mismatch",
            wrong,
            ("exploding-gradient",),
        ),
        Case(
            "output-nll-softmax",
            script(
                CLASSES,
                mlp("nn.GELU()", end="nn.Softmax(dim=-1)"),
                training("F.nll_loss(model(x[rows]), y[rows])"),
            ),
            "output-loss-mismatch",
            wrong,
        ),
        Case(
            "output-sigmoid-range",
            script(
                REGRESSION,
                "y = 5 * y",
                mlp("nn.ReLU()", (20, 64, 1), end="nn.Sigmoid()"),
                training(MSE),
            ),
            "output-loss-mismatch",
            wrong,
        ),
        Case(
            "output-relu-negative",
            script(
                REGRESSION,
                functional(c="F.relu(self.last(x))", outputs=1),
                training("((model(x[rows]) - y[rows]) ** 2).mean()"),
            ),
            "output-loss-mismatch",
            wrong,
            ("dead-units",),
        ),
        Case(
            "output-tanh-classes",
            script(CLASSES, mlp("nn.Tanh()", end="nn.Tanh()"), training()),
            "output-loss-mismatch",
            wrong,
        ),
        Case(
            "output-softmax-single",
            script(
                BINARY,
                mlp("nn.ReLU()", (20, 64, 1), end="nn.Softmax(dim=1)"),
                training("F.binary_cross_entropy(model(x[rows]), y[rows])"),
            ),
            "output-loss-mismatch",
            wrong,
            ("blocked-gradient",),
        ),
        Case(
            "output-tanh-range",
            script(
                REGRESSION,
                "y = 3 * y + 10",
                mlp("nn.ReLU()", (20, 64, 1), end="nn.Tanh()"),
                training("F.smooth_l1_loss(model(x[rows]), y[rows])"),
            ),
            "output-loss-mismatch",
            wrong,
        ),
    ]


def _initial() -> list[Case]:
    same, scale = ("symmetric-units",), ("init-scale",)
    return [
        Case(
            "init-zeros",
            script(
                CLASSES,
                mlp("nn.Tanh()"),
                drawn("nn.init.zeros_(layer.weight); nn.init.zeros_(layer.bias)"),
                training(),
            ),
            "init-mismatch",
            same,
            ("vanishing-gradient", "dead-units", "blocked-gradient", "linear-network"),
        ),
        Case(
            "init-constant",
            script(
                CLASSES,
                mlp("nn.ReLU()"),
                drawn("nn.init.constant_(layer.weight, 0.05); nn.init.zeros_(layer.bias)"),
                training(),
            ),
            "init-mismatch",
            same,
            ("dead-units", "linear-network"),
        ),
        Case(
            "init-tiny",
            script(
                CLASSES,
                mlp("nn.ReLU()", (20, 128, 128, 4)),
                drawn("nn.init.normal_(layer.weight, std=1e-4); nn.init.zeros_(layer.bias)"),
                training(),
            ),
            "init-mismatch",
            scale,
            ("vanishing-gradient",),
        ),
        Case(
            "init-large-wide",
            script(
                "x = torch.randn(512, 400)\ny = (x[:, 0] > 0).long()",
                mlp("nn.LeakyReLU()", (400, 256, 256, 2)),
                drawn("nn.init.normal_(layer.weight, std=2.0)"),
                training(optimizer=adam()),
            ),
            "init-mismatch",
            scale,
            ("exploding-gradient",),
        ),
        Case(
            "init-tiny-conv",
            script(
                PICTURES,
                CONV,
                drawn("nn.init.normal_(layer.weight, std=1e-3); nn.init.zeros_(layer.bias)"),
                training(),
            ),
            "init-mismatch",
            scale,
        ),
    ]


def _selu() -> list[Case]:
    lecun = drawn(
        "nn.init.kaiming_normal_(layer.weight, nonlinearity='linear'); nn.init.zeros_(layer.bias)"
    )
    norm = "nn.Sequential(nn.BatchNorm1d(64), nn.SELU())"
    return [
        Case(
            "selu-batch-norm",
            script(CLASSES, mlp(norm), lecun, training(optimizer=sgd(0.02), batch=4)),
            "selu-misuse",
            ("batch-normalisation",),
        ),
        Case(
            "selu-dropout",
            script(
                CLASSES, mlp("nn.SELU(), nn.Dropout(0.2)"), lecun, training(optimizer=sgd(0.02))
            ),
            "selu-misuse",
            ("plain-dropout",),
        ),
        Case(
            "selu-default-init",
            script(CLASSES, deep("nn.SELU()", 6), training(optimizer=sgd(0.02))),
            "selu-misuse",
            ("other-initialisation",),
        ),
        Case(
            "selu-he-functional",
            script(
                CLASSES,
                """
                class Net(nn.Module):
                    def __init__(self):
                        super().__init__()
                        self.first = nn.Linear(20, 64)
                        self.rest = nn.ModuleList(nn.Linear(64, 64) for _ in range(15))
                        self.last = nn.Linear(64, 4)

                    def forward(self, x):
                        x = F.selu(self.first(x))
                        for layer in self.rest:
                            x = F.selu(layer(x))
                        return self.last(x)


                model = Net()
                """,
                drawn("nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')"),
                training(optimizer=sgd(0.05)),
            ),
            "selu-misuse",
            ("other-initialisation",),
            ("exploding-gradient", "non-finite"),
        ),
    ]


def _underflow() -> list[Case]:
    narrow = "model = model.{dtype}()\nx = x.{dtype}()"
    return [
        Case(
            "underflow-bfloat16-sgd",
            script(
                CLASSES,
                mlp("nn.ReLU()"),
                narrow.format(dtype="bfloat16"),
                training(optimizer=sgd(0.001), epochs=60),
            ),
            "underflow",
            ("dtype",),
        ),
        Case(
            "underflow-bfloat16-adam",
            script(
                CLASSES,
                mlp("nn.GELU()"),
                narrow.format(dtype="bfloat16"),
                training(optimizer=adam(1e-5)),
            ),
            "underflow",
            ("dtype",),
        ),
        Case(
            "underflow-half-gradient",
            script(
                CLASSES,
                mlp("nn.Tanh()"),
                narrow.format(dtype="half"),
                training("1e-6 * F.cross_entropy(model(x[rows]).float(), y[rows])", sgd(1e4)),
            ),
            "underflow",
            ("dtype",),
            ("blocked-gradient", "vanishing-gradient"),
        ),
    ]


def cases() -> list[Case]:
    """All faulty cases."""
    return [
        *_dead(),
        *_saturated(),
        *_flow(),
        *_non_finite(),
        *_linear(),
        *_blocked(),
        *_output(),
        *_initial(),
        *_selu(),
        *_underflow(),
    ]
