"""Two activations trained against each other in several places: what several claims come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nonlin.claims.claim import Panel, Sampled, Scores, Step
from nonlin.claims.training import curves, points, study


@dataclass(frozen=True)
class Duel:
    """A claim that one activation is better than another in every place.

    Attributes:
        measured: the activation that is said to be better.
        reference: the other one.
        score: what it is better in, :func:`~nonlin.claims.training.accuracy` or
            :func:`~nonlin.claims.training.speed`.
        places: the settings of `compare` by the name of a place.
    """

    measured: str
    reference: str
    score: Callable[[Mapping[str, Any], str, str], Scores]
    places: Mapping[str, Mapping[str, Any]]

    @property
    def parts(self) -> tuple[Sampled, ...]:
        """A part for each place: better by more than half a point."""
        return tuple(points(place, ["above"]) for place in self.places)

    def steps(self, **given: Any) -> list[Step]:
        """A comparison for each place."""
        names = f"{self.measured},{self.reference}"
        return [
            study(place, names, baseline=self.reference, **{**given, **settings})
            for place, settings in self.places.items()
        ]

    def measure(self, data: Mapping[str, Any]) -> dict[str, Scores]:
        """The scores of both by place."""
        return {p: self.score(data[p], self.measured, self.reference) for p in self.places}

    def picture(self, data: Mapping[str, Any]) -> list[Panel]:
        """The learning curves by place."""
        return [curves(place, data[place]) for place in self.places]
