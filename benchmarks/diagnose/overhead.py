"""What watching costs: time of a training step, and memory beside the model's activations.

    python benchmarks/diagnose/overhead.py [--seconds 20] [--json FILE]

Blocks of steps with and without watching alternate in one process; a block's time is the whole of
it, looks included. The overhead is the median over pairs of neighbouring blocks. In one without,
the watcher is paused, so that what it learned about its own cost stays. Memory is what the watcher
holds after 50 looks, over what autograd saves in a step. Times are CPU time of one
thread.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

import nonlin


def small_mlp() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    model = nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10)
    )
    return model, torch.randn(128, 784), torch.randint(10, (128,))


def cnn() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 49, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )
    return model, torch.randn(64, 1, 28, 28), torch.randint(10, (64,))


def transformer() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    layer = nn.TransformerEncoderLayer(
        128, 4, 512, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.TransformerEncoder(layer, 6, enable_nested_tensor=False)
            self.head = nn.Linear(128, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.body(x).mean(1))

    return Net(), torch.randn(16, 64, 128), torch.randint(10, (16,))


def deep() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    layers: list[nn.Module] = []
    for _ in range(200):
        layers += [nn.Linear(128, 128), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(128, 10))
    nonlin.init.initialize_(model)
    return model, torch.randn(128, 128), torch.randint(10, (128,))


NETS = {
    "small MLP": small_mlp,
    "CNN": cnn,
    "transformer, 6 layers": transformer,
    "200 layers": deep,
}


class Training:
    """One network and its steps."""

    def __init__(self, make: Any) -> None:
        torch.manual_seed(0)
        self.model, self.x, self.y = make()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-3)

    def steps(self, count: int) -> float:
        began = time.process_time()
        for _ in range(count):
            loss = F.cross_entropy(self.model(self.x), self.y)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        return time.process_time() - began


def measure(make: Any, seconds: float, every: int | None) -> dict[str, Any]:
    """Overhead over alternating blocks of about half a second."""
    training = Training(make)
    training.steps(3)
    one = training.steps(5) / 5
    block = max(4, int(0.5 / one))
    watcher = nonlin.watch(training.model, every=every, quiet=True)
    observer = watcher._observer
    watcher.start()
    training.steps(max(block, 60 if every is None else 3))  # the first looks, which come at once
    ratios, plain_times, looks = [], [], len(watcher.run.sampled)
    steps = 0
    for _ in range(max(4, int(seconds / (2 * one * block)))):
        watched = training.steps(block)
        steps += block
        observer.pause()
        plain = training.steps(block)
        observer.resume()
        ratios.append(watched / plain - 1)
        plain_times.append(plain / block)
    looks = len(watcher.run.sampled) - looks
    watcher.stop()
    low, _, high = statistics.quantiles(ratios, n=4)
    return {
        "overhead": statistics.median(ratios),
        "quartiles": [low, high],
        "pairs": len(ratios),
        "steps": steps,
        "looks": looks,
        "milliseconds_per_step": 1e3 * statistics.median(plain_times),
    }


def memory(make: Any) -> dict[str, float]:
    """Bytes that the watcher holds after 50 looks, over the bytes of the model's activations."""
    training = Training(make)
    saved = 0
    own = {p.data_ptr() for p in training.model.parameters()}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal saved
        if tensor.data_ptr() not in own:
            saved += tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
        training.steps(1)
    activations = max(saved, 1)
    with nonlin.watch(training.model, every=1, quiet=True) as watcher:
        training.steps(50)
    held = sum(t.numel() * t.element_size() for t in _tensors(watcher.run))
    return {"held_bytes": held, "activation_bytes": activations, "share": held / activations}


def _tensors(run: Any) -> list[torch.Tensor]:
    found = []
    for site in run.sites.values():
        found += [*site.series._values, *site.gradient._values, site.last_open, site.histogram]
        for unit in (site.first, *site.recent):
            found += list(vars(unit).values())
    for kept in (*run.parameters.values(),):
        found += kept.series._values
    for weight in run.weights.values():
        found += weight.input._values
    found += run.loss._values
    return [t for t in found if isinstance(t, torch.Tensor)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    result: dict[str, Any] = {}
    for name, make in NETS.items():
        result[name] = {
            "budget 2 %": measure(make, options.seconds, None),
            "every step": measure(make, options.seconds / 2, 1),
            "memory": memory(make),
        }
        budget, each, held = result[name].values()
        print(
            f"{name:24} {budget['milliseconds_per_step']:7.2f} ms/step; overhead "
            f"{budget['overhead']:6.2%} ({budget['quartiles'][0]:.2%} to "
            f"{budget['quartiles'][1]:.2%}, {budget['looks']} looks in {budget['steps']} steps); "
            f"every step {each['overhead']:6.1%}; memory {held['share']:.2%}",
            flush=True,
        )
    middle = statistics.median(r["budget 2 %"]["overhead"] for r in result.values())
    print(f"median overhead {middle:.2%}")
    if options.json:
        head = {
            "command": f"python benchmarks/diagnose/overhead.py --seconds {options.seconds:g}",
            "torch": torch.__version__,
            "threads": 1,
            "median_overhead": middle,
        }
        options.json.write_text(json.dumps({**head, "nets": result}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
