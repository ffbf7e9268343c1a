"""The modules that are running, one within the other."""

from __future__ import annotations

from typing import NamedTuple

from torch import nn

from nonlin.diagnosis.between import Seen


class Frame(NamedTuple):
    """A module that is running."""

    module: nn.Module
    path: str | None
    place: str  # its path, or that of what is around it
    seen: Seen | None  # of an activation


class Running(list[Frame]):
    """All that are running, outermost first."""

    def enter(self, module: nn.Module, path: str | None, seen: Seen | None) -> None:
        """A module begins."""
        self.append(Frame(module, path, path or self.place, seen))

    @property
    def place(self) -> str:
        """The path of the innermost that has one."""
        return self[-1].place if self else ""

    @property
    def in_activation(self) -> bool:
        """Whether the innermost is an activation, whose own calls are nothing to look at."""
        return bool(self) and self[-1].seen is not None

    def around(self, layer: str) -> int:
        """How many are running around a layer, which may be the innermost itself."""
        return len(self) - bool(self and self[-1].path == layer)
