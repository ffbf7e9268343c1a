"""What an initialisation did to each layer, and why; prints as a table."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

_WIDTH = 120


@dataclass(frozen=True)
class Layer:
    """One weight, or one module that was left alone.

    Attributes:
        name: path of the module, or name of the parameter.
        drawn: whether its weight was drawn; False for what was left as it was.
        reads: what it reads: an activation, ``input``, ``a norm``, ...
        feeds: the activation that follows it, through normalisation and reshaping.
        scheme: the known name of what was done, such as ``He`` or ``LeCun``.
        gain: factor on 1/√fan.
        deviation: standard deviation of the weights drawn.
        bias_deviation: standard deviation of the biases drawn.
        why: the reason, in words.
        variance: variance of its output on the batch before the refinement, and after it.
    """

    name: str
    drawn: bool
    reads: str = ""
    feeds: str = ""
    scheme: str = ""
    gain: float | None = None
    deviation: float | None = None
    bias_deviation: float = 0.0
    why: str = ""
    variance: tuple[float, float] | None = None


@dataclass(frozen=True)
class Initialisation:
    """What :func:`nonlin.init.initialize_` did.

    Attributes:
        layers: every layer in order, and what was left alone.
        order: how the order of the layers was found.
    """

    layers: tuple[Layer, ...]
    order: str

    @property
    def drawn(self) -> tuple[Layer, ...]:
        """The layers whose weights were drawn."""
        return tuple(layer for layer in self.layers if layer.drawn)

    @property
    def left(self) -> tuple[Layer, ...]:
        """What was left as it was."""
        return tuple(layer for layer in self.layers if not layer.drawn)

    def __getitem__(self, name: str) -> Layer:
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(name)

    def __str__(self) -> str:
        from rich.console import Console

        target = io.StringIO()
        Console(file=target, width=_WIDTH, color_system=None).print(self.__rich__())
        return "\n".join(line.rstrip() for line in target.getvalue().rstrip().splitlines())

    def __rich__(self) -> RenderableType:
        """The table, for ``rich``."""
        from rich import box
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        refined = any(layer.variance for layer in self.layers)
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in ("layer", "reads", "feeds", "drawn"):
            table.add_column(column)
        table.add_column("gain", justify="right")
        table.add_column("σ", justify="right")
        if refined:
            table.add_column("variance", justify="right")
        table.add_column("why", ratio=1)
        for layer in self.layers:
            cells: list[Any] = [layer.name, layer.reads, layer.feeds, layer.scheme or "left alone"]
            cells += [_number(layer.gain), _number(layer.deviation)]
            if refined:
                cells.append("" if layer.variance is None else _change(layer.variance))
            table.add_row(*(Text(cell) for cell in (*cells, layer.why)))
        head = f"{len(self.drawn)} layers initialised, {len(self.left)} left alone; {self.order}"
        return Group(Text(head), table)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _change(variance: tuple[float, float]) -> str:
    return f"{variance[0]:.3g} → {variance[1]:.3g}"
