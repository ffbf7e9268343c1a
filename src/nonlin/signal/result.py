"""What `propagate` found: theory and simulation side by side; prints, draws, saves."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nonlin.activation import Activation
from nonlin.signal.precision import FORMATS, Holding, holding
from nonlin.signal.predicting import Course
from nonlin.signal.setting import NOT_COVERED, Setting
from nonlin.signal.theory import MeanField, critical_line

if TYPE_CHECKING:
    from nonlin.signal.simulation import Simulation

_LINE = np.logspace(-3, 1.5, 46)
QUANTITIES = ("variance", "correlation", "gradient")


@dataclass(frozen=True)
class Propagation:
    """What depth does to one activation.

    Attributes:
        record: the activation.
        setting: the stack and its weights.
        theory: what infinitely wide layers do; arrays of shape (depth + 1,).
        simulation: networks that were drawn; None where none were asked for.
        seed: of the draws.
    """

    record: Activation
    setting: Setting
    theory: Course
    simulation: Simulation | None = None
    seed: int = 0

    @property
    def name(self) -> str:
        """The activation as it is printed."""
        return repr(self.record)

    @property
    def not_covered(self) -> str:
        """What neither theory nor simulation speaks of."""
        return NOT_COVERED

    @cached_property
    def field(self) -> MeanField:
        """The maps of one layer."""
        return MeanField(self.record, self.setting.weight_variance, self.setting.bias_variance)

    @cached_property
    def fixed_point(self) -> float:
        """The variance that layers without norm or residual lead to; 0 or infinite if none."""
        return self.field.settles_at(self.setting.variance)

    @property
    def chi(self) -> float:
        """χ of the last layer: what it does to the gradient's variance."""
        gradient = self.theory.gradient
        return float(gradient[-2] / gradient[-1]) if len(gradient) > 1 else math.nan

    @cached_property
    def depth_scales(self) -> dict[str, float]:
        """Layers in which differences fall by e (see :meth:`MeanField.depth_scales`)."""
        return self.field.depth_scales(self.fixed_point)

    @cached_property
    def critical_line(self) -> list[tuple[float, float, float]]:
        """Points (q, σ_w, σ_b) at which neither signal nor gradient grows or shrinks."""
        return critical_line(self.record, _LINE)

    def holdings(self) -> list[Holding]:
        """Where the gradient's root mean square leaves each floating-point format."""
        return [holding(np.sqrt(self.theory.gradient), format) for format in FORMATS]

    def simulated(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Mean over networks, and the ends of its interval; None without a simulation.

        Args:
            name: ``variance``, ``correlation`` or ``gradient``.
        """
        if self.simulation is None:
            return None
        return getattr(self.simulation, name).mean(axis=0), *self.simulation.interval(name)

    def agreement(self, name: str) -> float:
        """Share of layers at which the theory lies in the simulation's interval.

        Args:
            name: ``variance``, ``correlation`` or ``gradient``.
        """
        found = self.simulated(name)
        if found is None:
            return math.nan
        theory = getattr(self.theory, name)
        _, low, high = found
        # The first z and the last gradient are drawn, not propagated.
        slack = 1e-6 * np.abs(theory)
        inside = (theory >= low - slack) & (theory <= high + slack)
        kept = inside[:-1] if name == "gradient" else inside[1:]
        return float(kept.mean())

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain numbers and lists; what is not finite stands as None."""
        simulated = {}
        if self.simulation is not None:
            for name in QUANTITIES:
                values = self.simulated(name)
                assert values is not None
                keys = ("mean", "low", "high")
                simulated[name] = {k: _plain(v) for k, v in zip(keys, values, strict=True)}
        setting = self.setting
        return {
            "activation": self.name,
            "depth": setting.depth,
            "width": setting.width,
            "init": setting.init,
            "weight_std": math.sqrt(setting.weight_variance),
            "bias_std": math.sqrt(setting.bias_variance),
            "stack": setting.stack,
            "residual": setting.residual,
            "norm": setting.norm,
            "branch": setting.branch,
            "networks": 0 if self.simulation is None else len(self.simulation.variance),
            "seed": self.seed,
            "theory": {name: _plain(getattr(self.theory, name)) for name in QUANTITIES},
            "simulation": simulated,
            "fixed_point": _plain(self.fixed_point),
            "chi": _plain(self.chi),
            "depth_scales": {name: _plain(value) for name, value in self.depth_scales.items()},
            "critical_line": [list(point) for point in self.critical_line],
            "verdict": self.verdict,
            "not_covered": self.not_covered,
        }

    def to_json(self) -> str:
        """The result as JSON text."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @property
    def verdict(self) -> list[str]:
        """In words: what becomes of signal, gradient and inputs, and which formats hold it."""
        from nonlin.signal.wording import verdict

        return verdict(self)

    def __str__(self) -> str:
        from nonlin.report.signal_text import signal_text

        return signal_text([self])

    def _repr_html_(self) -> str:
        from nonlin.report.signal_page import inline

        return inline(self)

    def save_report(self, path: str | Path) -> Path:
        """Write the result as an HTML page that needs no network; returns the path."""
        from nonlin.certification.certificate import write
        from nonlin.report.signal_page import render

        return write(path, render([self]))


def _plain(values: Any) -> Any:
    """Numbers as JSON has them."""
    if isinstance(values, np.ndarray):
        return [_plain(value) for value in values.tolist()]
    return float(values) if math.isfinite(values) else None
