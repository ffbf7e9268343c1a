"""A plain MLP of 50 layers on MNIST: PyTorch's default initialisation against `initialize_`.

    python benchmarks/init_study.py --data-dir DIR [--seeds 5]

No norm, no residual connection: 49 hidden layers of 64 units and an output, initialised by
PyTorch or by `initialize_(model, batch=<the first 128 training rows>, mode="critical",
distribution="orthogonal")`. Each activation and
initialisation takes the learning rate, of RATES, that is best on 5,000 validation rows for a seed
that is not judged; then one epoch of Adam on 55,000 rows, batches of 128. The judged number is
the accuracy on the official 10,000 test rows after the last step. The same seed gives both
initialisations the same batches. Each finished run is kept in benchmarks/results/init_study.json,
so that the same command resumes.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn

import nonlin
from nonlin.comparison.data import mnist

ACTIVATIONS = ("relu", "gelu", "silu", "mish", "elu", "selu", "tanh")
DEPTH, WIDTH, BATCH = 50, 64, 128
INITS = ("default", "initialize_")
RATES = (1e-4, 3e-4, 1e-3)
TUNING_SEED = 1000
VALIDATION = 5_000
TARGET = Path(__file__).parent / "results" / "init_study.json"
DOCS = Path(__file__).parent.parent / "docs" / "design.md"


def build(activation: str, init: str, seed: int, example: torch.Tensor) -> nn.Module:
    """The network, initialised in one of the two ways."""
    torch.manual_seed(seed)
    layers: list[nn.Module] = [nn.Flatten()]
    sizes = [28 * 28] + [WIDTH] * (DEPTH - 1)
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), _module(activation)]
    model = nn.Sequential(*layers, nn.Linear(WIDTH, 10))
    if init == "initialize_":
        generator = torch.Generator().manual_seed(seed)
        nonlin.init.initialize_(
            model, generator, batch=example, mode="critical", distribution="orthogonal"
        )
    return model


def _module(activation: str) -> nn.Module:
    """PyTorch's own class, so that both sides run PyTorch's own kernels."""
    name = nonlin.get(activation).torch or nonlin.silu.torch
    assert name is not None
    return getattr(nn, name)()


def train(activation: str, init: str, seed: int, rate: float, data: Data) -> dict[str, Any]:
    """Train one network for an epoch."""
    model = build(activation, init, seed, data.x[:BATCH])
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    order = torch.randperm(len(data.x), generator=torch.Generator().manual_seed(seed))
    losses: list[float] = []
    first = None
    for rows in order.split(BATCH):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(data.x[rows]), data.y[rows])
        loss.backward()
        if first is None:
            first = _gradient_ratio(model)
        optimiser.step()
        losses.append(loss.item())
    return {
        "validation": accuracy(model, *data.validation),
        "test": accuracy(model, *data.test),
        "loss": statistics.fmean(losses[-50:]),
        "gradient_ratio_start": first,
    }


def _gradient_ratio(model: nn.Module) -> float:
    """Root mean square of the weight gradient of the second layer over that of the last but one."""
    weights = [m.weight for m in model.modules() if isinstance(m, nn.Linear)]
    first, last = (w.grad.square().mean().sqrt().item() for w in (weights[1], weights[-2]))  # type: ignore[union-attr]
    return first / last if last else float("nan")


@torch.no_grad()
def accuracy(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    """Share of rows that are classified rightly; 0 where the network's output is not finite."""
    logits = torch.cat([model(part) for part in x.split(1000)])
    if not logits.isfinite().all():
        return 0.0
    return (logits.argmax(1) == y).double().mean().item()


class Data:
    """MNIST, standardised; the last rows of the training set are for validation."""

    def __init__(self, directory: Path) -> None:
        rows = mnist.load(data_dir=directory)
        x, y = rows.x.float(), rows.y.long()
        self.x, self.y = x[:-VALIDATION], y[:-VALIDATION]
        self.validation = x[-VALIDATION:], y[-VALIDATION:]
        self.test = rows.x_test.float(), rows.y_test.long()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    data = Data(asked.data_dir)
    done = json.loads(TARGET.read_text())["runs"] if TARGET.exists() else []

    def run(activation: str, init: str, seed: int, rate: float) -> dict[str, Any]:
        key = {"activation": activation, "init": init, "seed": seed, "rate": rate}
        for known in done:
            if key.items() <= known.items():
                return known
        began = time.perf_counter()
        result = {**key, **train(activation, init, seed, rate, data)}
        result["seconds"] = round(time.perf_counter() - began, 1)
        done.append(result)
        save(done)
        print(json.dumps(result), flush=True)
        return result

    # Seed by seed, so that what is there when it is interrupted is whole rows of the table.
    best = {}
    for activation, init in itertools.product(ACTIVATIONS, INITS):
        tried = [run(activation, init, TUNING_SEED, rate) for rate in RATES]
        best[activation, init] = max(tried, key=lambda result: result["validation"])["rate"]
    for seed in range(asked.seeds):
        for (activation, init), rate in best.items():
            run(activation, init, seed, rate)
    write_table(done)


def save(runs: list[dict[str, Any]]) -> None:
    """Keep what is done, whole or not at all."""
    content = {
        "depth": DEPTH,
        "width": WIDTH,
        "batch": BATCH,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "runs": runs,
    }
    beside = TARGET.with_suffix(".part")
    beside.write_text(json.dumps(content, indent=1) + "\n")
    beside.replace(TARGET)


def table(runs: list[dict[str, Any]]) -> str:
    """The table of the docs: mean and standard deviation of the test accuracy over seeds."""
    lines = [
        "| activation | seeds | default | learning rate | `initialize_` | learning rate |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for activation in ACTIVATIONS:
        cells, seeds = [], set()
        for init in INITS:
            judged = [
                r
                for r in runs
                if (r["activation"], r["init"]) == (activation, init) and r["seed"] != TUNING_SEED
            ]
            if len(judged) < 2:
                break
            values = [100 * r["test"] for r in judged]
            spread = statistics.stdev(values)
            seeds.add(len(values))
            rate = judged[0]["rate"]
            cells += [f"{statistics.fmean(values):.1f} % ± {spread:.1f}", f"{rate:g}"]
        else:
            shown = " and ".join(map(str, sorted(seeds)))
            lines.append(f"| {activation} | {shown} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write_table(runs: list[dict[str, Any]]) -> None:
    """Put the table between its marks in the docs."""
    text = DOCS.read_text()
    begin, end = "<!-- init-study -->", "<!-- /init-study -->"
    if begin not in text:
        return
    head, rest = text.split(begin)
    DOCS.write_text(f"{head}{begin}\n{table(runs)}\n{end}{rest.split(end)[1]}")


if __name__ == "__main__":
    main()
