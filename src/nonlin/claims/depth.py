"""Steps that follow a gradient through a deep stack: all through `propagate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nonlin.claims.claim import Context, Series, Step


def stack(name: str, activation: str, **settings: Any) -> Step:
    """A call of `propagate` as a step; settings are its keywords."""
    return Step(name, propagated, {"activation": activation, **settings})


def propagated(context: Context, **settings: Any) -> dict[str, Any]:
    """Propagate, and keep what claims are judged by.

    Returns:
        ``gradient``: log₁₀ of its root mean square by layer, over that at the last, in theory;
        ``networks``: the same of every drawn network; ``variance`` of z in theory and at the
        last layer of every network; ``lost``: by format, how many layers before the end the
        gradient is below its smallest number (``falls``) or above its largest (``rises``).
    """
    from nonlin.signal import propagate

    init = settings.pop("init", "he")
    found = propagate(init=tuple(init) if isinstance(init, list) else init, **settings)
    depth, drawn = found.setting.depth, found.simulation
    return {
        "gradient": _log(found.theory.gradient),
        "networks": [_log(row) for row in drawn.gradient] if drawn is not None else [],
        "variance": found.theory.variance.tolist(),
        "last_variance": drawn.variance[:, -1].tolist() if drawn is not None else [],
        "lost": {
            held.format.name: {
                "falls": None if held.falls is None else depth - held.falls,
                "rises": None if held.rises is None else depth - held.rises,
            }
            for held in found.holdings()
        },
    }


def _log(gradient: Any) -> list[float]:
    """log₁₀ of the root of mean squares; the smallest number of float64 stands for 0."""
    return (0.5 * np.log10(np.maximum(gradient, 5e-324))).tolist()


def first(step: Mapping[str, Any]) -> list[float]:
    """log₁₀ of the gradient at the first layer over that at the last, of every network."""
    return [row[0] for row in step["networks"]]


def course(name: str, step: Mapping[str, Any]) -> Series:
    """log₁₀ of the gradient against the layer: theory, with the range of the networks."""
    rows = step["networks"]
    low = [min(column) for column in zip(*rows, strict=True)] if rows else ()
    high = [max(column) for column in zip(*rows, strict=True)] if rows else ()
    return Series(name, range(len(step["gradient"])), step["gradient"], low, high)
