"""Native kernels against PyTorch, torch.compile and jax.jit, interleaved in one process.

    python benchmarks/kernels.py [--quick]

Writes benchmarks/results/kernels_NAME.json and docs/kernels_NAME.md, NAME of the instruction set,
and prints the tables. Every figure is a median over rounds in which all contestants run once, in
turn; spread is the interquartile range over it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import torch
from torch.nn import functional as F

import nonlin
from nonlin.backends import native

SPEED = ("sigmoid", "tanh", "silu", "gelu", "gelu_tanh", "mish", "softplus", "log_sigmoid", "elu")
SPEED += ("selu",)
MILLION = 1 << 20

Call = Callable[[], object]


def theirs(name: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """PyTorch's own function, from the record's conventions."""
    convention = nonlin.get(name).conventions["torch"]
    function = getattr(F, convention.call.rsplit(".", 1)[1], None)
    function = function or getattr(torch, convention.call.rsplit(".", 1)[1])
    return lambda x: function(x, **convention.arguments)


def on_jax(name: str) -> Callable:
    convention = nonlin.get(name).conventions["jax"]
    function = getattr(jax.nn, convention.call.rsplit(".", 1)[1], None)
    function = function or getattr(jnp, convention.call.rsplit(".", 1)[1])
    arguments = {"approximate": False} if name == "gelu" else dict(convention.arguments)
    return jax.jit(lambda x: function(x, **arguments))


def interleave(calls: Mapping[str, Call], rounds: int, repeat: int = 1) -> dict[str, list[float]]:
    """Seconds of each call, all of them in every round, each round in another order.

    In one order the same call would always come after jax.jit, whose threads go on spinning
    for a while and take a core from it.
    """
    order = random.Random(0)
    for call in calls.values():
        call()
        call()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in order.sample(list(calls.items()), len(calls)):
            began = time.perf_counter()
            for _ in range(repeat):
                call()
            seconds[name].append((time.perf_counter() - began) / repeat)
    return seconds


def summary(seconds: Mapping[str, list[float]]) -> dict[str, dict[str, float]]:
    result = {}
    for name, taken in seconds.items():
        low, middle, high = statistics.quantiles(taken, n=4)
        result[name] = {"µs": round(middle * 1e6, 2), "spread": round((high - low) / middle, 2)}
    return result


def both_ways(f: Callable, x: torch.Tensor, g: torch.Tensor) -> Call:
    def call() -> None:
        x.grad = None
        f(x).backward(g)

    return call


def measure(name: str, size: int, dtype: torch.dtype, rounds: int, repeat: int) -> dict:
    """Forward and forward-plus-backward of one function at one size."""
    generator = torch.Generator().manual_seed(0)
    x = (torch.randn(size, generator=generator) * 2).to(dtype)
    leaf, g = x.clone().requires_grad_(), torch.ones_like(x)
    ours, other = nonlin.get(name), theirs(name)
    out = torch.empty_like(x)

    def fast(x: torch.Tensor) -> torch.Tensor:
        return ours(x, precision="fast")

    calls: dict[str, Call] = {
        "forward exact": lambda: ours(x),
        "forward torch": lambda: other(x),
        "both exact": both_ways(ours, leaf, g),
        "both torch": both_ways(other, leaf, g),
        "copy": lambda: out.copy_(x),
    }
    if dtype == torch.float32:
        calls["forward fast"] = lambda: fast(x)
        calls["both fast"] = both_ways(fast, leaf, g)
    if dtype == torch.float32 and size == MILLION:
        torch.compiler.reset()  # Else each function counts as a recompilation of the first.
        compiled = torch.compile(other)
        calls["both compile"] = both_ways(compiled, leaf, g)
        jitted, jx = on_jax(name), jnp.asarray(x.numpy())
        calls["forward jax"] = lambda: jitted(jx).block_until_ready()
    return summary(interleave(calls, rounds, repeat))


def ratio(measured: Mapping, over: str, under: str) -> float:
    return measured[over]["µs"] / measured[under]["µs"]


def geometric(values: list[float]) -> float:
    return math.exp(statistics.fmean(math.log(value) for value in values))


def table(title: str, rows: Mapping[str, Mapping], columns: Mapping[str, tuple[str, str]]) -> str:
    """How many times the first contestant's time is the second's, in Markdown."""
    lines = [
        f"\n## {title}\n",
        f"| | {' | '.join(columns)} |",
        "| --- |" + " ---: |" * len(columns),
    ]
    collected: dict[str, list[float]] = {column: [] for column in columns}
    for name, measured in rows.items():
        for column, (over, under) in columns.items():
            collected[column].append(ratio(measured, over, under))
        lines.append(f"| {name} | {_joined(values[-1] for values in collected.values())} |")
    lines.append(f"| geometric mean | {_joined(map(geometric, collected.values()))} |")
    lines.append(f"| least | {_joined(map(min, collected.values()))} |")
    return "\n".join(lines)


def _joined(values: Iterable[float]) -> str:
    return " | ".join(f"{value:.2f}" for value in values)


HEADING = """# Kernels: speed

Times of PyTorch {torch} (of its compiled functions under *compile*, of jax.jit under *jax*) over
ours, on {threads} threads with {instruction_set}: above 1 ours is faster. *both* is
`y = f(x); y.backward(g)`; *exact/copy* and *fast/copy* are our time over that of a plain copy of
the buffer: times the column without it, they give PyTorch's time over a copy, which no kernel can
beat. Medians, all contestants interleaved in one process: `{command}`, which writes this
page and `benchmarks/results/{file}.json`.
"""

FORWARD = {"exact": ("forward torch", "forward exact"), "fast": ("forward torch", "forward fast")}
BOTH = {"exact, both": ("both torch", "both exact"), "fast, both": ("both torch", "both fast")}
COPIES = {"exact/copy": ("forward exact", "copy"), "fast/copy": ("forward fast", "copy")}
OTHERS = {
    "compile, both": ("both compile", "both exact"),
    "jax/fast": ("forward jax", "forward fast"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few rounds, and no 16M")
    parser.add_argument("--functions", default=",".join(SPEED))
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rounds = 9 if arguments.quick else 31
    plan = {
        "1": (1, torch.float32, rounds * 3, 50),
        "4,096": (4096, torch.float32, rounds * 3, 20),
        "1,048,576": (MILLION, torch.float32, rounds, 1),
        "1,048,576 bfloat16": (MILLION, torch.bfloat16, rounds, 1),
    }
    if not arguments.quick:
        plan["16,777,216"] = (1 << 24, torch.float32, 9, 1)
    results: dict[str, dict[str, dict]] = {}
    tables = []
    for title, (size, dtype, count, repeat) in plan.items():
        rows = {}
        for name in arguments.functions.split(","):
            rows[name] = measure(name, size, dtype, count, repeat)
        results[title] = rows
        columns = {**FORWARD, **BOTH, **COPIES}
        if size == MILLION and dtype == torch.float32:
            columns |= OTHERS
        if dtype == torch.bfloat16:
            columns = {k: v for k, v in columns.items() if "fast" not in k}
        tables.append(table(f"{title} element{'' if title == '1' else 's'}", rows, columns))
        print(tables[-1], flush=True)
    extra = [row["both exact"]["µs"] - row["both torch"]["µs"] for row in results["1"].values()]
    tables.append(
        f"\nOne element, both ways: {statistics.median(extra):.1f} µs more than PyTorch.\n"
    )
    print(tables[-1])
    instructions = native._native.instruction_set() if native._native else "none"
    record = {
        "command": "python benchmarks/kernels.py" + (" --quick" if arguments.quick else ""),
        "instruction_set": instructions,
        "threads": torch.get_num_threads(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "jax": jax.__version__,
            "nonlin": nonlin.__version__,
        },
        "results": results,
    }
    here = Path(__file__).parent
    # A page for each, as what is fast on one is not on another.
    file = "kernels_" + instructions.lower().replace("-", "")
    (here / "results" / f"{file}.json").write_text(
        json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    )
    heading = HEADING.format(**record, file=file, torch=torch.__version__.partition("+")[0])
    (here.parent / "docs" / f"{file}.md").write_text(heading + "\n".join(tables))


if __name__ == "__main__":
    main()
