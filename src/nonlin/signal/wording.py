"""A propagation in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nonlin.signal.precision import Holding

if TYPE_CHECKING:
    from nonlin.signal.result import Propagation

# Within this of 1 a factor is called 1: over 100 layers it makes 1 %.
_SAME = 1e-4


def verdict(result: Propagation) -> list[str]:
    """Sentences: the signal, the gradient, the inputs, the formats, the simulation."""
    sentences = [_signal(result), _gradient(result), _inputs(result)]
    sentences += [_format(result, held) for held in result.holdings()]
    if result.simulation is not None:
        sentences.append(_agreement(result))
    return [sentence for sentence in sentences if sentence]


def _signal(result: Propagation) -> str:
    q = result.theory.variance
    setting = result.setting
    if setting.residual or setting.norm != "none":
        return f"The variance of z goes from {q[0]:.3g} to {q[-1]:.3g}."
    settled = result.fixed_point
    if math.isclose(settled, q[0], rel_tol=1e-9):
        kept = f"The signal keeps its variance {q[0]:.3g}"
        rate = result.field.slope(settled)
        if rate < 1 + _SAME:
            return f"{kept}."
        return (
            f"{kept}, but not stably: a deviation from it, such as every network of finite width "
            f"has, grows by ×{rate:.4g} in each layer."
        )
    way = f"after {setting.depth} layers it is {q[-1]:.3g}"
    if settled == 0:
        return f"The signal dies out: {way}."
    if settled == math.inf and not math.isfinite(q[-1]):
        return "The signal grows without bound."
    if settled == math.inf:
        return f"The signal grows without bound: {way}."
    return f"The signal's variance tends to {settled:.3g}; {way}."


def _gradient(result: Propagation) -> str:
    rms = np.sqrt(result.theory.gradient)
    chi = result.chi
    if np.isnan(rms[0]):
        layer = int(np.flatnonzero(~np.isfinite(result.theory.variance))[0])
        return f"Theory ends at layer {layer}, where the variance leaves what float64 holds."
    if np.isinf(rms[0]):
        return "The gradient grows beyond what float64 holds on its way back."
    depth = result.setting.depth
    total = f"over {depth} layers by ×{rms[0]:.3g}"
    if abs(chi - 1) < _SAME:
        return f"χ = 1: the gradient's size stays in the last layers; {total}."
    way = "shrinks" if chi < 1 else "grows"
    rate = f"χ = {chi:.4g} in the last layer: the gradient {way} by ×{math.sqrt(chi):.4g}"
    return f"{rate} on its way back through it; {total}."


def _inputs(result: Propagation) -> str:
    correlation = result.theory.correlation
    if not np.isfinite(correlation[-1]):
        return ""
    plain = not result.setting.residual and result.setting.norm == "none"
    settled = result.field.correlation_settles_at(result.fixed_point) if plain else math.nan
    scale = result.depth_scales.get("correlation", math.nan) if plain else math.nan
    text = f"Two inputs of correlation {correlation[0]:.3g} come to {correlation[-1]:.3g}"
    if not math.isfinite(settled):
        return f"{text}."
    phase = "ordered phase" if settled == 1 and result.chi < 1 - _SAME else "chaotic phase"
    phase = "critical" if abs(result.chi - 1) < _SAME else phase
    pace = f", in steps of {scale:.3g} layers" if math.isfinite(scale) and scale > 0 else ""
    return f"{text} and tend to {settled:.3g}{pace} ({phase})."


def _format(result: Propagation, held: Holding) -> str:
    """Whether, and by which layer, the gradient leaves a format, if it is 1 at the end."""
    depth, format = result.setting.depth, held.format
    if np.isnan(result.theory.gradient[0]):
        return ""
    if held.rises is not None:
        return (
            f"{format.name} overflows: {depth - held.rises} layers before the end, at layer "
            f"{held.rises}, the gradient has passed {format.largest:.3g}."
        )
    if held.falls is not None:
        return (
            f"{format.name} loses the gradient: {depth - held.falls} layers before the end, at "
            f"layer {held.falls}, it is below {format.smallest:.2g}, the smallest number there is."
        )
    if held.coarse is not None:
        return (
            f"{format.name} holds the gradient with fewer bits from layer {held.coarse} down, "
            f"below {format.normal:.2g}."
        )
    return f"{format.name} holds the gradient in every layer."


def _agreement(result: Propagation) -> str:
    assert result.simulation is not None
    networks = len(result.simulation.variance)
    if networks < 2:
        return "One network was drawn, which gives no interval."
    shares = {name: result.agreement(name) for name in ("variance", "correlation", "gradient")}
    told = ", ".join(f"{name} at {100 * share:.0f} %" for name, share in shares.items())
    return (
        f"Theory lies in the 95 % interval of {networks} networks of width "
        f"{result.setting.width}: {told} of the layers."
    )
