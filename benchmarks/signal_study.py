"""Mean-field theory against real networks of width 2,000 and depth 50, for every smooth record.

    python benchmarks/signal_study.py [--networks 6]

Weights follow the activation: σ_w² = ρ/E[f²] and σ_b² = 1 − ρ keep the variance at q = 1. ρ is 1
where that is stable, V′(1) <= 0.9 and V(2) <= 2, else as large as is: at V′ > 1, as gelu, silu and
mish have it with ρ = 1, a network of any finite width leaves the fixed point. Every activation
meets the same draws. Writes benchmarks/results/signal_study.json and the table in docs/design.md.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
from pathlib import Path

import numpy as np
import torch

import nonlin
from nonlin.activation import Activation
from nonlin.facts import Facts
from nonlin.properties import PROPERTIES
from nonlin.signal.predicting import predict
from nonlin.signal.result import Propagation
from nonlin.signal.setting import Setting, variances_of
from nonlin.signal.simulation import Simulation, draw, run
from nonlin.signal.theory import MeanField

DEPTH, WIDTH, INPUTS = 50, 2000, 8
QUANTITIES = ("variance", "correlation", "gradient")
TARGET = Path(__file__).parent / "results" / "signal_study.json"
DOCS = Path(__file__).parent.parent / "docs" / "design.md"


def smooth() -> list[Activation]:
    """Every elementwise record that is differentiable any number of times."""
    records = map(nonlin.get, nonlin.list_activations())
    return [
        record
        for record in records
        if PROPERTIES["smooth"].of(record) and isinstance(record.facts_of(**record.bound), Facts)
    ]


def setting_of(record: Activation, width: int = WIDTH, depth: int = DEPTH) -> Setting:
    """The stack in which a record is tried."""

    matched, _, _ = variances_of("matched", record, width, 1.0)
    field = MeanField(record, matched)
    share = min(1.0, 0.9 / field.slope(1.0), 1 / max(field.variance(2.0) - 1, 1e-9))
    return Setting(depth, width, share * matched, 1.0 - share, "stable at q = 1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=6)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    records = smooth()
    settings = {record: setting_of(record) for record in records}
    found: dict[Activation, list[tuple[np.ndarray, ...]]] = {record: [] for record in records}
    for network in range(asked.networks):
        draws = draw(next(iter(settings.values())), INPUTS, seed=network)
        for record, setting in settings.items():
            found[record].append(run(record, setting, draws))
        print(f"network {network + 1} of {asked.networks}", flush=True)
    rows = []
    for record, setting in settings.items():
        simulation = Simulation(*(np.array(v) for v in zip(*found[record], strict=True)))
        field = MeanField(record, setting.weight_variance, setting.bias_variance)
        rows.append(row(Propagation(record, setting, predict(field, setting), simulation)))
    content = {
        "depth": DEPTH,
        "width": WIDTH,
        "inputs": INPUTS,
        "networks": asked.networks,
        "interval": "95 %, for all layers of a quantity at once",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "rows": rows,
    }
    TARGET.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    write_table(content)


def row(result: Propagation) -> dict:
    """What is kept of a result: agreement, and both sides at the far end of the way."""
    assert result.simulation is not None
    return {
        "activation": result.name,
        "weight_std": math.sqrt(result.setting.weight_variance),
        "bias_std": math.sqrt(result.setting.bias_variance),
        "slope": result.field.slope(result.setting.variance),
        "chi": result.chi,
        "agreement": {name: result.agreement(name) for name in QUANTITIES},
        "theory": {
            "variance": result.theory.variance[-1],
            "correlation": result.theory.correlation[-1],
            "gradient": result.theory.gradient[0],
        },
        "networks": {
            name: [float(part[0 if name == "gradient" else -1]) for part in values]  # mean, ends
            for name in QUANTITIES
            if (values := result.simulated(name)) is not None
        },
    }


def table(content: dict) -> str:
    """The table of the docs."""
    lines = [
        "| activation | σ_w | σ_b | χ | variance, layer 50: theory, networks | "
        "gradient², layer 0: theory, networks | in the interval: variance, correlation, gradient |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for r in content["rows"]:
        cells = [r["activation"], *(f"{r[k]:.4g}" for k in ("weight_std", "bias_std", "chi"))]
        for name in ("variance", "gradient"):
            mean, low, high = r["networks"][name]
            cells.append(f"{r['theory'][name]:.3g}, {mean:.3g} [{low:.3g}, {high:.3g}]")
        cells.append(", ".join(f"{100 * r['agreement'][name]:.0f} %" for name in QUANTITIES))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def write_table(content: dict) -> None:
    """Put the table between its marks in the docs."""
    text = DOCS.read_text()
    begin, end = "<!-- signal-study -->", "<!-- /signal-study -->"
    if begin in text:
        head, rest = text.split(begin)
        DOCS.write_text(f"{head}{begin}\n{table(content)}\n{end}{rest.split(end)[1]}")


if __name__ == "__main__":
    main()
