"""`nonlin.certify`: one call from a function to its certificate."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nonlin.activation import Activation
from nonlin.certification.certificate import Certificate
from nonlin.certification.fitting import HAS_WIDE, NARROW, WIDE, Ruler
from nonlin.certification.inputs import Inputs, every_input, stratified
from nonlin.certification.judging import law_of
from nonlin.certification.machine import describe_machine, describe_versions
from nonlin.certification.naming import find_reference
from nonlin.certification.progress import progress
from nonlin.certification.reference import Reference, open_reference
from nonlin.certification.state import State
from nonlin.certification.summing import conclude
from nonlin.certification.sweep import Sweep
from nonlin.certification.target import Target, open_target
from nonlin.certification.ulp import Format
from nonlin.errors import NonlinError
from nonlin.usercode import resolve

SAMPLES = {"float32": 1 << 22, "float64": 1 << 13}
# From so many inputs on, fitting takes less time than mpmath at each.
FITTED = 1 << 17
RESUME = Path("nonlin-results") / "certify"
# Raised when the meaning of what a sweep counts changes, so that no old progress is mixed in.
METHOD = 1


def certify(
    function: str | Callable[..., Any],
    as_: str | Activation | None = None,
    dtype: str = "float32",
    order: int = 0,
    *,
    exhaustive: bool = False,
    samples: int | None = None,
    arguments: Mapping[str, Any] | None = None,
    framework: str | None = None,
    device: str = "cpu",
    backward: str | Callable[..., Any] | None = None,
    patterns: tuple[int, int] | None = None,
    threads: int | None = None,
    resume_dir: str | Path | None = None,
    quiet: bool = True,
) -> Certificate:
    """Measure how wrong an activation function, or its gradient, is.

    Args:
        function: ``module:function`` or the function itself: elementwise, on arrays of
            NumPy, PyTorch or JAX of shape (N,).
        as_: the activation that it should be, such as ``"gelu"`` or
            ``"leaky_relu(alpha=0.2)"``; found by the function's name when None.
        dtype: ``float16`` and ``bfloat16`` (all inputs), ``float32``, ``float64``.
        order: 0 for the value, 1 for the gradient.
        exhaustive: try all 2³² inputs of float32.
        samples: how many inputs to try instead of the usual number.
        arguments: keywords of every call.
        framework: ``numpy``, ``torch`` or ``jax``; found by trying when None.
        device: ``cpu`` or ``cuda``.
        backward: what computes the gradient, called with (x, gradient of the value) or (x).
        patterns: the first bit pattern and the one after the last, to try every number of a
            range only.
        threads: how many parts of the sweep run at a time; all cores when None.
        resume_dir: folder in which progress is kept, so that an interrupted sweep resumes;
            when None, only exhaustive sweeps of functions given by name keep it.
        quiet: show no progress.

    Returns:
        The certificate, which prints, renders in notebooks and saves.

    Raises:
        NonlinError: the function cannot be found or accepts no array, returns another shape
            or dtype, or the activation is unknown.

    Example:
        >>> import nonlin
        >>> found = nonlin.certify(nonlin.relu, dtype="float16")
        >>> found.n, found.max_ulp
        (63488, 0.0)
    """
    began = time.perf_counter()
    form = Format(dtype)
    _check(form, order, exhaustive, samples, patterns, threads)
    arguments = dict(arguments or {})
    known = resolve(function, "target") if isinstance(function, str) else function
    target = open_target(
        function,
        form,
        order,
        arguments=arguments,
        framework=framework,
        device=device,
        backward=backward,
    )
    record = find_reference(target.text, arguments, as_, known)
    if order and record.facts.surrogate:
        raise NonlinError(
            f"{record!r}: its derivative stands in for one that does not exist; "
            "there is nothing true to hold a gradient to"
        )
    inputs = _inputs(record, form, order, exhaustive, samples, patterns)
    reference = open_reference(record, order, _ruler(form, inputs.total))
    kept = isinstance(function, str) and exhaustive
    state = None
    if resume_dir is not None or kept:
        state = State(Path(resume_dir or RESUME), _key(target, record, inputs, known, backward))
    threads = threads or _cores()
    with progress(f"{target}", inputs.total, quiet) as advance:
        if reference.ruler.form.width >= form.width:
            reference.prepare(inputs.binades(reference.ruler.form))
        zeros = tuple(sorted(set(reference.zeros)))
        law = law_of(record, order, form, _zero_at_zero(reference), zeros)
        sweep = Sweep(target, reference, law, inputs, threads, state)
        tally = sweep.run(advance)
    certificate = conclude(
        target,
        reference,
        law,
        inputs,
        tally,
        raised=tuple(dict.fromkeys(sweep.raised)),
        threads=threads,
        versions=describe_versions(target.framework.version()),
        machine=describe_machine(),
        began=began,
    )
    if state:
        state.clear()
    return certificate


def _check(
    form: Format,
    order: int,
    exhaustive: bool,
    samples: int | None,
    patterns: tuple[int, int] | None,
    threads: int | None,
) -> None:
    if order not in (0, 1):
        raise NonlinError(f"order {order!r}; allowed: 0 (value), 1 (gradient)")
    if exhaustive and form.width == 64:
        raise NonlinError("float64 has 2^64 inputs; allowed: a sample (--samples N)")
    if samples is not None and samples < 1:
        raise NonlinError(f"--samples {samples}; allowed: a positive number")
    if samples is not None and exhaustive:
        raise NonlinError("--exhaustive tries every input; leave out --samples")
    if threads is not None and threads < 1:
        raise NonlinError(f"--threads {threads}; allowed: a positive number")
    if patterns is not None and form.width == 64:
        raise NonlinError("a range of patterns; allowed: float16, bfloat16, float32")


def _inputs(
    record: Activation,
    form: Format,
    order: int,
    exhaustive: bool,
    samples: int | None,
    patterns: tuple[int, int] | None,
) -> Inputs:
    if patterns is not None:
        return every_input(form, *patterns)
    if exhaustive or form.width == 16:
        return every_input(form)
    return stratified(record, form, samples or SAMPLES[form.name])


def _ruler(form: Format, total: int) -> Ruler:
    """Polynomials for all inputs; for few of float64, mpmath at each of them."""
    if form.width < 64 or total < FITTED:
        return NARROW
    if not HAS_WIDE:
        raise NonlinError(
            f"{total} inputs of float64 need a long double of 64 bits, which this processor has "
            f"not; allowed: --samples up to {FITTED // 2}"
        )
    return WIDE


def _zero_at_zero(reference: Reference) -> bool:
    kinks = {kink.at for kink in reference.record.kinks}
    if reference.order and 0.0 in kinks:
        return False
    return bool(reference.true(0.0) == 0)


def _key(
    target: Target,
    record: Activation,
    inputs: Inputs,
    known: object,
    backward: object,
) -> dict[str, Any]:
    """Everything that the counts of a sweep depend on."""
    return {
        "method": METHOD,
        "target": str(target),
        "route": target.route,
        "backward": str(backward),
        "framework": target.framework.name,
        "device": target.framework.place,
        "reference": repr(record),
        "order": target.order,
        "dtype": target.form.name,
        "inputs": [inputs.words, inputs.total, *(inputs.ranges[:1] + inputs.ranges[-1:])],
        "source": _source(known),
        "versions": describe_versions(target.framework.version()),
        "machine": describe_machine(),
    }


def _source(known: object) -> str:
    """Fingerprint of the file that defines a function, whose edits make old counts void."""
    with contextlib.suppress(TypeError, OSError):
        file = inspect.getsourcefile(known)  # type: ignore[arg-type]
        if file:
            return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    module = sys.modules.get(getattr(known, "__module__", None) or "")
    with contextlib.suppress(TypeError, OSError):
        file = getattr(module, "__file__", None)
        return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else ""
    return ""


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
