"""What it gains to keep the output for the backward pass, and what it costs in accuracy.

    python benchmarks/saved_output.py

Writes docs/saved_output.md and benchmarks/results/saved_output.json, and prints the tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

import nonlin
from kernels import MILLION, SPEED, both_ways, interleave, summary, theirs
from nonlin.backends import native
from nonlin.backends.namespace import namespace_of
from nonlin.certification.ulp import ulp
from nonlin.choices import SAVES, Save

WIDTH, BATCH = 256, 4096
# Where networks are: beyond it lies no input of a layer that is normalised or initialised well.
NEAR = 6.0
# Of which the derivative follows from the output and one bit: on which side of the minimum it is.
FOLDED = ("silu", "gelu", "gelu_tanh", "mish")
FOLLOWS = tuple(name for name in SPEED if nonlin.get(name).slope_of_value is not None)


def inputs() -> np.ndarray:
    """float32 inputs to ±20: evenly spaced, and down to 2^-40 evenly in their exponent."""
    even = np.linspace(-20, 20, 1 << 18)
    small = np.ldexp(1.0, -40) * np.exp2(np.linspace(0, 40, 1 << 14))
    return np.sort(np.concatenate([even, small, -small])).astype(np.float32)


def slope(name: str, x: np.ndarray) -> np.ndarray:
    """The derivative at float32 inputs, by the formula in float64."""
    record, wide = nonlin.get(name), x.astype(np.float64)
    return record.evaluate_slope(wide, namespace_of(wide), record.bound)


def from_value(name: str, x: np.ndarray) -> np.ndarray:
    """The derivative from the output that the kernel rounds to float32."""
    record, y = nonlin.get(name), nonlin.get(name)(x)
    assert record.slope_of_value is not None
    with np.errstate(all="ignore"):
        return np.asarray(record.slope_of_value(y, namespace_of(y), **record.bound))


def from_value_and_side(name: str, x: np.ndarray) -> np.ndarray:
    """The derivative where the function, on the side of its minimum, has the float32 output.

    Found by bisection in float64: what any way to invert the function could reach at best.
    """
    record = nonlin.get(name)
    assert record.facts.minimum is not None
    at, low = record.facts.minimum
    y = np.maximum(nonlin.get(name)(x).astype(np.float64), low)
    rising = x >= at
    wide = x.astype(np.float64)
    left, right = np.where(rising, at, wide - 4.0), np.where(rising, wide + 4.0, at)
    for _ in range(80):
        middle = 0.5 * (left + right)
        value = record.evaluate_value(middle, namespace_of(middle), record.bound)
        beyond = (value > y) == rising
        left, right = np.where(beyond, left, middle), np.where(beyond, middle, right)
    return slope(name, 0.5 * (left + right))


def from_pytorch(name: str, x: np.ndarray) -> np.ndarray:
    leaf = torch.from_numpy(x.copy()).requires_grad_()
    theirs(name)(leaf).sum().backward()
    assert leaf.grad is not None
    return leaf.grad.numpy()


def accuracy(name: str, derive: Callable[[str, np.ndarray], np.ndarray]) -> dict[str, float]:
    """Errors of a derivative: the largest over its largest value, and in ULP."""
    x = inputs()
    true = slope(name, x)
    error = np.abs(derive(name, x).astype(np.float64) - true)
    units, near = error / ulp(true, "float32"), np.abs(x) <= NEAR
    return {
        "of the steepest slope": float(error.max() / np.abs(true).max()),
        "median ULP to 6": float(np.median(units[near])),
        "share above 4 ULP to 6": float((units[near] > 4).mean()),
    }


def kept_bytes(function: Callable[[torch.Tensor], torch.Tensor]) -> float:
    """Bytes that one activation keeps for each element, beside what two linear layers keep."""

    def kept(middle: Callable[[torch.Tensor], torch.Tensor]) -> int:
        first, second = torch.nn.Linear(WIDTH, WIDTH), torch.nn.Linear(WIDTH, WIDTH)
        sizes = {}

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            storage = tensor.untyped_storage()
            sizes[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            held = second(middle(first(torch.zeros(BATCH, WIDTH, requires_grad=True))))
        del held
        return sum(sizes.values())

    # The second layer keeps its input, which is the output of the activation or of the first.
    return (kept(function) - kept(lambda x: x)) / (BATCH * WIDTH)


def measure(name: str) -> dict:
    record = nonlin.get(name)
    saves: list[Save] = [save for save in SAVES if save != "output" or name in FOLLOWS]

    def keeping(save: Save) -> Callable[[torch.Tensor], torch.Tensor]:
        return lambda x: record(x, save=save)

    contestants = {"PyTorch": theirs(name), **{save: keeping(save) for save in saves}}
    leaf = (torch.randn(MILLION) * 2).requires_grad_()
    g = torch.ones_like(leaf)
    calls = {who: both_ways(function, leaf, g) for who, function in contestants.items()}
    derive = from_value if name in FOLLOWS else from_value_and_side
    return {
        "bytes": {who: kept_bytes(function) for who, function in contestants.items()},
        "time": summary(interleave(calls, 41)),
        "error": {"output": accuracy(name, derive), "PyTorch": accuracy(name, from_pytorch)},
    }


HEADING = """# Keeping the output for the backward pass

What `save="output"` (see `nonlin.saving`) gains and costs beside the other choices and PyTorch
{torch}: `{command}`, on {threads} threads with {instruction_set}.

**Memory.** Bytes for each element of an activation that are kept for the backward pass, beside
what the linear layers before and behind it keep (the layer behind keeps its input, the output).
**Time** of `y = f(x); y.backward(g)` on 1,048,576 float32 elements, in that of PyTorch; medians,
all interleaved in one process. The derivative from the output is written in PyTorch's operations,
not in a kernel.

"""

ACCURACY = """
**Accuracy** of the derivative in float32, at inputs to ±20: the largest error over the steepest
slope; and at inputs to ±{near:g} the median error and the share of errors above 4 ULP (the kernels'
own derivative, of the other choices, is within 0.52). Close to a limit the output is rounded to
a number of the limit's size, and what is left of the derivative is lost; softplus and log_sigmoid
lose nothing, since their outputs are small where their derivatives are.

"""

FOLDS = """
**Output plus one bit.** silu, gelu, gelu_tanh and mish fall before they rise, so that their
output tells the derivative only with the side of the minimum. Inverted without any error, the
float32 output gives the derivatives of the last four rows. Beside the minimum, where the function
is flat, half the digits of the input are gone: √(2⁻²⁴) of them remain, 2⁻¹². On the left, where
all outputs are close to 0, they are well kept. It would save the 4 bytes of the input for 1/8 of
one, at a cost in time that no kernel here pays (an inversion for each element); it is not offered.
"""


WHAT = ("largest/steepest", "median ULP", "above 4 ULP")


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def page(results: dict[str, dict]) -> str:
    choices = ("PyTorch", "auto", "derivative", "input", "output")

    def of(name: str, kind: str, write: Callable[[dict, str], str]) -> list[str]:
        found = results[name][kind]
        return [write(found, choice) if choice in found else "" for choice in choices]

    head = [row("", *choices), row("---", *["---:"] * len(choices))]
    bytes_kept = [
        row(name, *of(name, "bytes", lambda found, choice: f"{found[choice]:g}"))
        for name in results
    ]
    times = [
        row(
            name,
            *of(name, "time", lambda t, choice: f"{t[choice]['µs'] / t['PyTorch']['µs']:.2f}"),
        )
        for name in results
    ]
    errors = [
        row("", *(f"{who}: {what}" for who in ("output", "PyTorch") for what in WHAT)),
        row("---", *["---:"] * 6),
    ]
    for name in results:
        cells = [name]
        for who in ("output", "PyTorch"):
            error = results[name]["error"][who]
            cells += [
                f"{error['of the steepest slope']:.1e}",
                f"{error['median ULP to 6']:.2g}",
                f"{error['share above 4 ULP to 6']:.1%}",
            ]
        errors.append(row(*cells))
    parts = ["Bytes for each element:\n", *head, *bytes_kept, "\nTime:\n", *head, *times]
    return "\n".join([*parts, ACCURACY.format(near=NEAR), *errors, FOLDS])


def main() -> None:
    torch.set_num_threads(2)
    torch.manual_seed(0)
    results = {name: measure(name) for name in (*FOLLOWS, *FOLDED)}
    record = {
        "command": "python benchmarks/saved_output.py",
        "instruction_set": native._native.instruction_set() if native._native else "none",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__.partition("+")[0],
        "results": results,
    }
    here = Path(__file__).parent
    text = HEADING.format(**record) + page(results)
    (here / "results" / "saved_output.json").write_text(
        json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    )
    (here.parent / "docs" / "saved_output.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
