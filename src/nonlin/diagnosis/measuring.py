"""Figures of one call or one step, as tensors: nothing here waits for a device."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor

from nonlin import backends
from nonlin.activation import Activation
from nonlin.diagnosis.statistics import UnitSample
from nonlin.facts import Facts

# A gate is open where it passes more than this share of what it passes at its steepest: the
# share of :mod:`nonlin.comparison.measure`, what gets through is cut a thousandfold.
NEGLIGIBLE = 1e-3
# Entries of a tensor that are looked at; more rows are strided over.
MOST_ENTRIES = 1 << 15
# Entries of a parameter whose change is followed.
MOST_FOLLOWED = 512
BINS, REACH = 80, 8.0


@lru_cache(maxsize=256)
def steepest(record: Activation) -> float:
    """The largest slope that the record can have; 1 where there is no bound."""
    facts = record.facts
    slope = facts.lipschitz if isinstance(facts, Facts) else 1.0
    return slope if 0 < slope < math.inf else 1.0


def rows_of(z: Tensor, axis: int, most: int = MOST_ENTRIES) -> Tensor:
    """`z` as rows of units, at most `most` entries: every k-th row where there are more."""
    axis = axis % z.ndim if z.ndim else 0
    if z.ndim == 0:
        return z.reshape(1, 1)
    if z.numel() > most and z.ndim > 1 and axis != 0:
        stride = math.ceil(z.numel() / most)
        # Odd, so that no power of two in the layout lines up with it.
        stride = min(stride | 1, z.shape[0])
        z = z[::stride]
        if z.numel() > most and z.ndim > 2:
            other = next(a for a in range(z.ndim - 1, 0, -1) if a != axis)
            again = min(math.ceil(z.numel() / most) | 1, z.shape[other])
            z = z[(slice(None),) * other + (slice(None, None, again),)]
    if z.ndim > 1:
        z = z.movedim(axis, -1)
    return z.reshape(-1, z.shape[-1])


def measure_call(
    record: Activation, rows: Tensor, scale: Tensor, step: int, given: Mapping[str, Tensor]
) -> tuple[list[Tensor], UnitSample, Tensor]:
    """Figures of an elementwise activation on one batch.

    Args:
        record: the activation.
        rows: its input as :func:`rows_of` units.
        scale: root mean square of the input.
        step: the optimizer step.
        given: parameters that are tensors, one number or one for each unit.

    Returns:
        SITE_FIELDS but ``out_rms``, each of its own dtype; the figures of each unit; which units
        were open.
    """
    wide = rows.float() if rows.dtype.itemsize < 4 else rows
    slope = backends.derivative(record, wide, {k: v.to(wide.dtype) for k, v in given.items()}).abs()
    limit = NEGLIGIBLE * steepest(record)
    opened = slope > limit
    high = slope.amax(dim=0)
    low, mean = slope.amin(dim=0), slope.mean(dim=0)
    count = wide.shape[0] * wide.shape[1]
    figures = [
        scale,
        wide.mean(),
        wide.abs().amax(),
        mean.mean(),
        _norm(slope) / math.sqrt(count),
        opened.count_nonzero() / count,
    ]
    unit = UnitSample(step, wide.shape[0], mean, low, high, wide.amin(dim=0), wide.amax(dim=0))
    return figures, unit, high > limit


def rms(x: Tensor) -> Tensor:
    """Root mean square of a :func:`sample`, as a tensor of the widest dtype."""
    x = sample(x)
    return _norm(x.abs() if x.is_complex() else x) / math.sqrt(max(x.numel(), 1))


def sample(x: Tensor) -> Tensor:
    """`x`, or every k-th row of it where there are many entries."""
    if x.numel() > MOST_ENTRIES and x.ndim > 1:
        return x[:: min(math.ceil(x.numel() / MOST_ENTRIES), x.shape[0])]
    return x


def _norm(x: Tensor) -> Tensor:
    # Squares of large float32 numbers overflow, which are no infinities themselves.
    dtype = torch.float32 if x.device.type == "mps" else torch.float64
    return torch.linalg.vector_norm(x, dtype=dtype)


def histogram(rows: Tensor) -> Tensor:
    """Counts of the entries in BINS bins on [−REACH, REACH]."""
    return torch.histc(rows.detach().float(), BINS, -REACH, REACH)


def own_part(tensor: Tensor) -> Tensor:
    """What lies on this rank of a tensor that FSDP has sharded; any other as it is."""
    return tensor.to_local() if hasattr(tensor, "to_local") else tensor  # type: ignore[operator]


def followed(parameter: Tensor) -> Tensor:
    """The entries of a parameter that are followed: a view, evenly spread."""
    count = parameter.numel()
    stride = max(1, math.ceil(count / MOST_FOLLOWED)) | 1
    if not parameter.is_contiguous():
        return parameter.detach().reshape(-1)[::stride]
    return parameter.detach().as_strided((math.ceil(count / stride),), (stride,))


def spread_of_rows(weight: Tensor) -> Tensor:
    """Largest difference between rows over the largest entry: 0 where all units are copies."""
    rows = weight.detach()[:64].reshape(min(64, weight.shape[0]), -1)[:, :256].float()
    return (rows - rows[:1]).abs().amax() / rows.abs().amax().clamp_min(1e-30)
