"""What depth does to activations, as text for the terminal."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from nonlin.signal import Propagation

WIDTH = 110
_ROWS = 6


def signal_view(results: Sequence[Propagation]) -> RenderableType:
    """Results as something that rich prints: for each a headline, a table and a verdict."""
    parts: list[RenderableType] = []
    for result in results:
        head = Text.assemble((result.name, "bold"), f"  {result.setting.shown}")
        parts += [head, _table(result), *(Text(f"- {line}") for line in result.verdict), Text()]
    parts.append(Text(results[0].not_covered, style="dim"))
    return Group(*parts)


def signal_text(results: Sequence[Propagation], width: int = WIDTH) -> str:
    """Results as plain text."""
    target = io.StringIO()
    Console(file=target, width=width, color_system=None).print(signal_view(results))
    return "\n".join(line.rstrip() for line in target.getvalue().rstrip().splitlines())


def _table(result: Propagation) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("layer", justify="right")
    drawn = result.simulation is not None
    for column in ("variance", "gradient RMS", "correlation"):
        table.add_column(column, justify="right")
        if drawn:
            table.add_column("networks", justify="right", style="dim")
    for layer in rows_shown(result.setting.depth):
        table.add_row(str(layer), *_cells(result, layer))
    return table


def rows_shown(depth: int) -> list[int]:
    """Layers at even distances, the first and the last among them.

    Example:
        >>> rows_shown(50)
        [0, 10, 20, 30, 40, 50]
    """
    return sorted({round(place) for place in np.linspace(0, depth, min(_ROWS, depth + 1))})


def _cells(result: Propagation, layer: int) -> list[str]:
    theory = (
        theory_at(result.theory.variance, layer),
        math.sqrt(theory_at(result.theory.gradient, layer)),
        theory_at(result.theory.correlation, layer),
    )
    texts = [number(value) for value in theory]
    if result.simulation is None:
        return texts
    simulated = result.simulation
    means = (
        simulated.variance.mean(axis=0)[layer],
        math.sqrt(simulated.gradient.mean(axis=0)[layer]),
        simulated.correlation.mean(axis=0)[layer],
    )
    return [cell for pair in zip(texts, map(number, means), strict=True) for cell in pair]


def theory_at(values: np.ndarray, layer: int) -> float:
    """A value of an array as a Python number."""
    return float(values[layer])


def number(value: float) -> str:
    """Three digits.

    Example:
        >>> number(0.00012345), number(math.nan)
        ('0.000123', '–')
    """
    return "–" if math.isnan(value) else f"{value:.3g}"
