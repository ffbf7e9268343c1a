"""Time of `nonlin compare` over a bare PyTorch loop that trains the same networks.

    python benchmarks/compare_overhead.py [--data digits|mnist] [--data-dir DIR] [--seeds 15]

Every network is trained twice in one process, on one thread: by the harness (training,
validation, measurement of every layer, commit to SQLite), then by a bare loop (training, one
look at the test rows), with the same modules, draws, batches and optimizer; the test
accuracies must be equal. The order alternates. What the harness does once, judging all
networks, is timed and added.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

import nonlin
from nonlin.comparison import data as datasets
from nonlin.comparison.data.dataset import Dataset
from nonlin.comparison.execution import run
from nonlin.comparison.judging import judge
from nonlin.comparison.metrics import scoring_of
from nonlin.comparison.planning import final_keys
from nonlin.comparison.settings import Settings
from nonlin.comparison.store import Store
from nonlin.comparison.training import RunKey
from nonlin.naming import parse_activations

RATE = 1e-3
EPOCHS = {"digits": 50, "mnist": 3}


def bare(settings: Settings, dataset: Dataset, key: RunKey) -> float:
    """Train one network with nothing but PyTorch; return its test accuracy."""
    torch.manual_seed(key.seed)
    layers: list[nn.Module] = [nn.Flatten()]
    size = dataset.x[0].numel()
    for _ in range(settings.depth):
        activation = nonlin.nn.from_record(nonlin.get(key.activation))
        layers += [nn.Linear(size, settings.width), activation]
        size = settings.width
    model = nn.Sequential(*layers, nn.Linear(size, dataset.outputs))
    optimizer = torch.optim.Adam(model.parameters(), lr=key.lr)
    training, _ = dataset.split(key.seed)
    x, y = dataset.x[training], dataset.y[training]
    order = torch.Generator().manual_seed(key.seed)
    for _ in range(EPOCHS[settings.data_name]):
        for rows in torch.randperm(len(x), generator=order).split(settings.batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    with torch.no_grad():
        right = model(dataset.x_test).argmax(dim=1) == dataset.y_test
    return float(right.double().mean())


def measure(settings: Settings, dataset: Dataset) -> tuple[list[dict[str, float]], float]:
    """Seconds of both sides for every network, and those the harness takes once."""
    pairs = []
    rates = dict.fromkeys(settings.names, RATE)
    with tempfile.TemporaryDirectory() as out, Store(Path(out), settings.identity()) as store:

        def harness(settings: Settings, dataset: Dataset, key: RunKey) -> float:
            result = run(settings, dataset, key)
            store.add(result, {})
            return result.test_metric

        keys = final_keys(settings, rates)
        for side in (bare, harness):
            side(settings, dataset, keys[0])
        for index, key in enumerate(keys):
            seconds, answers = {}, set()
            for side in (bare, harness) if index % 2 else (harness, bare):
                began = time.perf_counter()
                answers.add(side(settings, dataset, key))
                seconds[side.__name__] = time.perf_counter() - began
            assert len(answers) == 1, f"the networks of {key} differ: {answers}"
            pairs.append(seconds)
        began = time.perf_counter()
        judge(store.table("runs"), store.table("layers"), settings, scoring_of(dataset), rates)
        return pairs, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=sorted(EPOCHS), default="digits")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--seeds", type=int, default=15)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    settings = Settings(
        data=asked.data,
        model="mlp",
        activations=parse_activations("relu,tanh,gelu"),
        init="default",
        seeds=asked.seeds,
        epochs=EPOCHS[asked.data],
        learning_rates=(RATE,),
    )
    pairs, once = measure(settings, datasets.load(asked.data, data_dir=asked.data_dir))
    ratios = [pair["harness"] / pair["bare"] for pair in pairs]
    quartiles = statistics.quantiles(ratios, n=4)
    median = {side: statistics.median(pair[side] for pair in pairs) for side in ("bare", "harness")}
    shared = once / len(pairs)
    result = {
        "command": f"python benchmarks/compare_overhead.py --data {asked.data}",
        "networks": len(pairs),
        "median_ratio": round(statistics.median(ratios) + shared / median["bare"], 4),
        "quartiles": [round(quartiles[0], 4), round(quartiles[2], 4)],
        "ratio_of_medians": round((median["harness"] + shared) / median["bare"], 4),
        "median_seconds": {side: round(value, 4) for side, value in median.items()},
        "judging_seconds": round(once, 4),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, one thread used",
    }
    target = Path(__file__).parent / "results" / f"compare_overhead_{asked.data}.json"
    target.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
