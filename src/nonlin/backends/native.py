"""Native kernels on the processor: which there are, and how NumPy arrays reach them.

The extension exports the list of its kernels; nothing here names an activation.
"""

from __future__ import annotations

import os
import sys
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nonlin.choices import current_precision

if TYPE_CHECKING:
    from nonlin.activation import Activation


def _load() -> tuple[Any, str]:
    """The extension that native/CMakeLists.txt builds, or None and why there is none."""
    try:
        from nonlin import _native  # type: ignore[attr-defined]
    except ImportError as error:
        return None, str(error)
    return _native, ""


_native, ABSENCE = _load()

CATALOGUE = "nonlin.functions."

VALUE, SLOPE, BOTH, GRADIENT = range(4)

# From here on a fresh output spends more time on page faults than on arithmetic.
HUGE = 1 << 22
# Elements that one thread computes alone, before it would be worth waking another.
SHARED = 16384


class Kernel(NamedTuple):
    """A kernel of the extension.

    Attributes:
        place: its index in the extension's list.
        name: the record's name.
        words: parameters that it computes for one word, or one number, alone.
        parameters: names of its numbers, in the order they are passed.
        learned: those of them with a gradient.
        dtype: name of the dtype.
        precision: ``"exact"`` or ``"fast"``.
    """

    place: int
    name: str
    words: dict[str, str]
    parameters: tuple[str, ...]
    learned: tuple[str, ...]
    dtype: str
    precision: str


class Call(NamedTuple):
    """A kernel with the numbers of a record: what is passed to the extension."""

    kernel: Kernel
    place: int
    numbers: tuple[float, ...]


@cache
def kernels() -> dict[tuple[str, str, str], list[Kernel]]:
    """The kernels there are, by name, dtype and precision."""
    found: dict[tuple[str, str, str], list[Kernel]] = {}
    listed: Any = _native.kernels() if _native else ()
    for place, described in enumerate(listed):
        kernel = Kernel(place, *described)
        found.setdefault((kernel.name, kernel.dtype, kernel.precision), []).append(kernel)
    return found


def find(record: Activation, dtype: str) -> Call | None:
    """The kernel for a record, dtype and the precision in force, or None."""
    key = dtype, current_precision.get()
    # Kept on the record, whose hash costs more than the call of a kernel.
    kept = record.__dict__
    try:
        return kept["_calls"][key]
    except KeyError:
        call = kept.setdefault("_calls", {})[key] = _find(record, *key)
        return call


def _find(record: Activation, dtype: str, precision: str) -> Call | None:
    if _native is None:
        _warn_once()
        return None
    if record.at_kink != "torch" and record.kinks:
        return None
    # A record whose formula was replaced keeps its name, and is another function.
    formula = getattr(record.value, "func", record.value)  # Of a variant, a number is fixed.
    if not getattr(formula, "__module__", "").startswith(CATALOGUE):
        return None
    # What is exact is as good as fast, where nothing is faster.
    for choice in dict.fromkeys((precision, "exact")):
        for kernel in kernels().get((record.name, dtype, choice), ()):
            named = {*kernel.words, *kernel.parameters}
            if named != set(record.bound) or not all(
                _stands_for(word, record.bound[name]) for name, word in kernel.words.items()
            ):
                continue
            numbers = tuple(float(record.bound[name]) for name in kernel.parameters)
            return Call(kernel, kernel.place, numbers)
    return None


def _stands_for(word: str, value: Any) -> bool:
    """Whether a parameter is the word, or the number, that a kernel is made for."""
    return isinstance(value, str | int | float) and type(value)(word) == value


@cache
def _warn_once() -> None:
    warnings.warn(
        "nonlin runs without its native kernels, on slower and less exact formulas "
        f"({ABSENCE}); reinstall it with a C++ compiler, or see: nonlin info",
        stacklevel=6,
    )


def report() -> list[tuple[str, str]]:
    """What `nonlin info` says of the kernels: pairs of a subject and a line."""
    if _native is None:
        return [("kernels", f"none, formulas are used: {ABSENCE}")]
    names = sorted({name for name, _, _ in kernels()})
    kinds = sorted({(dtype, precision) for _, dtype, precision in kernels()})
    return [
        ("instruction set", _native.instruction_set()),
        ("threads", str(threads())),
        ("kernels", f"{len(names)} functions: {', '.join(names)}"),
        ("kernels for", ", ".join(f"{dtype} {precision}" for dtype, precision in kinds)),
    ]


def threads() -> int:
    """Threads that kernels use: PyTorch's number once it is loaded."""
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_num_threads"):
        share_pool(torch)
        return torch.get_num_threads()
    return _default_threads()


@cache
def _default_threads() -> int:
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def share_pool(torch: Any) -> str:
    """Join PyTorch's threads, so that two pools do not compete for the processor."""
    if _native is None:
        return ""
    library = os.path.join(os.path.dirname(torch.__file__), "lib")
    for name in sorted(os.listdir(library)) if os.path.isdir(library) else ():
        if "gomp" in name or "iomp" in name:
            path = os.path.join(library, name)
            if _native.share_pool(path):
                return path
    return ""


@cache
def _name(dtype: np.dtype) -> str:
    return dtype.name  # which NumPy composes anew each time


def _at_number(record: Activation, mode: int, x: Any, kind: type) -> Any:
    """What an array with this one element gives, as a number of its own kind."""
    result = on_array(record, mode, np.asarray(x))
    return None if result is None else kind(result)


def on_array(record: Activation, mode: int, x: Any, upstream: Any = None, out: Any = None) -> Any:
    """Value, derivative or gradient of `record` at a NumPy array, or None without a kernel.

    Args:
        record: the activation.
        mode: ``VALUE``, ``SLOPE`` or ``GRADIENT``.
        x: any object.
        upstream: for ``GRADIENT``: array like `x`.
        out: array like `x` to write to, `x` itself allowed; a new one by default.
    """
    if type(x) in (int, float) and upstream is out is None:
        return _at_number(record, mode, float(x), float)
    if isinstance(x, np.floating) and upstream is out is None:
        return _at_number(record, mode, x, type(x))
    if type(x) is not np.ndarray or not x.dtype.isnative:
        return None
    call = find(record, _name(x.dtype))
    if call is None:
        return None
    if upstream is not None:
        if type(upstream) is not np.ndarray or upstream.dtype != x.dtype:
            return None
        upstream = np.broadcast_to(upstream, x.shape)
    if out is None:
        out = np.empty_like(x)
        if out.nbytes >= HUGE:
            _native.advise(_native.address(out), out.nbytes)
    team = threads() if x.size > SHARED else 1
    if x.flags.c_contiguous and out.flags.c_contiguous and upstream is None:
        at, to = _native.address(x), _native.address(out)
        _native.apply(call.place, mode, at, 0, to, 0, x.size, call.numbers, team)
        return out
    given = (x, upstream, out, None)
    _native.apply_strided(
        call.place,
        mode,
        [0 if array is None else _native.address(array) for array in given],
        x.shape,
        [() if array is None else [s // x.itemsize for s in array.strides] for array in given],
        call.numbers,
        team,
    )
    return out
