"""Gradients that shrink on their way to the first layers."""

from __future__ import annotations

import math

import numpy as np

from nonlin.diagnosis import evidence as ev
from nonlin.diagnosis.finding import Finding, titled
from nonlin.diagnosis.statistics import Run
from nonlin.diagnosis.thresholds import Thresholds

# Depth takes several layers to act; below that, one layer is to blame and has its own finding.
FEWEST_LAYERS = 3
# Looks before units closed, of which an attenuation is told.
_FEWEST_LOOKS = 5
# Of the largest gradient in the run.
_LEARNING = 1e-2
# The weights' attenuation that a training which stands still must show beside the signal's.
_BESIDE = 0.1


def judge(run: Run, limits: Thresholds, found: tuple[Finding, ...]) -> list[Finding]:
    """Whether the first layers get much less gradient than the last ones."""
    if any(f.kind == "blocked-gradient" or f.cause == "symmetric-units" for f in found):
        return []
    # Closed units shut the gradient off themselves, and say where: what was before them counts.
    closed = [f.since_step or 0 for f in found if f.kind in ("dead-units", "saturated-units")]
    if closed:
        return _judge(run, limits, min(closed))
    # A tower beside others may get nothing while the whole learns by them.
    return _judge(run, limits) or [f for part in run.chains() for f in _judge(part, limits)]


def _judge(run: Run, limits: Thresholds, until: float = math.inf) -> list[Finding]:
    layers = _before(until, weight_flow(run))
    signal = _before(until, signal_flow(run))
    if layers is None or signal is None:
        return []
    by_weight, by_signal = attenuation(layers[2]), attenuation(signal[2])
    # Where nothing is learned any more, what is left of the weights' gradient is rounding.
    largest = np.nanmax(np.where(np.isfinite(layers[2]), layers[2], 0.0), axis=1)
    learning = np.isfinite(by_weight) & (largest >= _LEARNING * largest.max(initial=0.0))
    good = np.isfinite(by_signal)
    if not learning.any() or not good.any():
        return []
    steps, flow = signal[0][good], by_signal[good]
    # All must say so: weights of very different size, or a layer that is bypassed, move one. Where
    # the signal dies out too, the last layers get little for their weights as well; then a loss
    # that stands still has to say it with the signal.
    cuts = np.median(by_weight[learning]), np.median(flow), np.median(flow[-5:])
    beside = cuts[0] < (limits.attenuation if ev.learns(run) else _BESIDE)
    if not beside or max(cuts[1:]) >= limits.attenuation:
        return []
    begin = ev.since(steps, flow < limits.attenuation)
    begin = int(steps[np.argmax(flow < limits.attenuation)]) if begin is None else begin
    cut = float(cuts[2])
    shown = np.where(np.isfinite(layers[2]), layers[2], np.nan)[learning].mean(axis=0)
    names = layers[1]
    low = _layers_below(shown, limits.attenuation)
    rate = cut ** (1 / max(len(signal[1]) - 1, 1))
    cause, facts = _why(run)
    lost = cut < limits.rounding_attenuation
    return [
        Finding(
            kind="vanishing-gradient",
            severity="problem",
            layer=names[0],
            cause=cause,
            since_step=begin,
            summary=f"The gradient shrinks by {1 / max(rate, 1e-30):.2g} from layer to layer: "
            f"{titled(names[0])} gets {cut:.1e} of what the last layers get, relative "
            "to its weights.",
            evidence={
                "attenuation": cut,
                "per_layer": rate,
                "by_weights": float(cuts[0]),
                "by_signal": float(cuts[1]),
                "layers_below": len(low),
                "lost_to_rounding_beside_the_last_layer": lost,
                "gradient_by_layer": dict(zip(names, shown.tolist(), strict=True)),
                **facts,
            },
            layers=tuple(names[i] for i in low) or (names[0],),
            threshold=limits.threshold("attenuation"),
        )
    ]


def _before(
    until: float, flow: tuple[np.ndarray, list[str], np.ndarray] | None
) -> tuple[np.ndarray, list[str], np.ndarray] | None:
    """The looks before a step, if they are enough to speak of more than a beginning."""
    if flow is None or until == math.inf:
        return flow
    steps, names, values = flow
    early = steps < until
    return (steps[early], names, values[early]) if early.sum() >= _FEWEST_LOOKS else None


def weight_flow(run: Run) -> tuple[np.ndarray, list[str], np.ndarray] | None:
    """Steps, layers in order, and relative gradients of shape (steps, layers)."""
    pairs = [(w, p) for w, p in ev.weights_in_order(run) if p.without < p.seen]
    if len(pairs) < FEWEST_LAYERS:
        return None
    # Of layers whose weights lie in one parameter there is one gradient.
    pairs = [(w, p) for i, (w, p) in enumerate(pairs) if not any(p is q for _, q in pairs[:i])]
    traces = [ev.relative_gradient(p) for _, p in pairs]
    return _align(traces, [w.layer for w, _ in pairs])


def signal_flow(run: Run) -> tuple[np.ndarray, list[str], np.ndarray] | None:
    """Steps, activations in order, and norms of the gradient at their outputs."""
    sites = [s for s in ev.hidden(run) if len(s.gradient)]
    if len(sites) < FEWEST_LAYERS:
        return None
    traces = []
    for site in sites:
        steps, table = site.gradient.table()
        traces.append(ev.Trace(steps, table["norm"]))
    return _align(traces, [s.layer for s in sites])


def _align(
    traces: list[ev.Trace], names: list[str]
) -> tuple[np.ndarray, list[str], np.ndarray] | None:
    common = sorted(set.intersection(*(set(t.steps.tolist()) for t in traces)))
    if not common:
        return None
    rows = [[t.values[np.searchsorted(t.steps, s)] for t in traces] for s in common]
    return np.array(common), names, np.array(rows, dtype=float)


def attenuation(flow: np.ndarray) -> np.ndarray:
    """The first layer's gradient over the largest one behind it, by step."""
    finite = np.where(np.isfinite(flow), flow, np.nan)
    with np.errstate(all="ignore"):
        later = np.fmax.reduce(finite[:, 1:], axis=1)
        # The best of the first quarter, so that one odd layer does not decide.
        head = max(1, finite.shape[1] // 4)
        first = np.fmax.reduce(finite[:, :head], axis=1)
        return np.where(later > 0, np.maximum(first, ev.SMALLEST) / later, np.nan)


def _layers_below(flow: np.ndarray, limit: float) -> list[int]:
    most = np.nanmax(flow) if np.isfinite(flow).any() else 0.0
    return [i for i, value in enumerate(flow) if value < limit * most]


def _why(run: Run) -> tuple[str, dict[str, object]]:
    records = [s.record for s in ev.hidden(run)]
    squashing = [r for r in records if ev.squash(r)]
    scale = ev.usual_scale(run)
    facts: dict[str, object] = {
        "activations": sorted({repr(r) for r in records}),
        "initial_weights_over_gain": scale,
    }
    if len(squashing) * 2 >= len(records):
        return "depth", facts
    return ("init-scale" if scale < 0.8 else "depth"), facts
