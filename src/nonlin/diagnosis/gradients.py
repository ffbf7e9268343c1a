"""The gradient that reaches an activation's output."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from nonlin.diagnosis.statistics import Run, Site

# Calls whose norms are kept: those of a recurrent cell over as many moments.
MOST_MOMENTS = 256
# Fewer calls are one module in several places, or one network for several inputs.
FEWEST_MOMENTS = 8


class Place(NamedTuple):
    """A call among the calls of a site in one step."""

    norms: dict[int, Tensor]
    call: int


class Gradient:
    """Notes the gradient that reaches an activation's output, in back-propagation.

    Args:
        run: where a failure is noted.
        site: the activation.
        step: the optimizer step.
        place: where the norm is kept with those of the site's other calls in this step.
        alone: keep nothing but the norm.
    """

    def __init__(self, run: Run, site: Site, step: int, place: Place, alone: bool) -> None:
        self.run, self.site, self.step, self.place, self.alone = run, site, step, place, alone

    def __call__(self, gradient: Tensor) -> None:
        try:
            with torch._C.DisableTorchFunction(), torch.no_grad():
                self._note(gradient)
        except Exception as error:
            # Amid back-propagation is not the place for a warning.
            self.run.notes.append(f"a gradient at {self.site.layer} was not measured: {error!r}")

    def _note(self, gradient: Tensor) -> None:
        wide = gradient if gradient.dtype.itemsize >= 4 else gradient.float()
        norm = torch.linalg.vector_norm(wide)
        self.place.norms[self.place.call] = norm
        if self.alone:
            return
        self.site.gradient.add(self.step, norm.reshape(1))
        if gradient.dtype.itemsize < 4:
            limit = torch.finfo(gradient.dtype).tiny
            zeros = (gradient == 0).float().mean()
            tiny = (gradient.abs() < limit).float().mean()
            self.site.rounded.add(self.step, torch.stack([zeros, tiny]))


def over_calls(norms: dict[int, Tensor]) -> Tensor | None:
    """What the gradient does over the calls of one activation in one step.

    Returns:
        CALLS_FIELDS: the number of calls, the norms at the first and the last one that get any
        gradient, the largest norm, and the share of calls that get more than the one before. None
        for a few calls.
    """
    if len(norms) < FEWEST_MOMENTS:
        return None
    over = torch.stack([norms[call].double() for call in sorted(norms)])
    reached = (over > 0).to(torch.uint8)
    first, last = over[reached.argmax()], over.flip(0)[reached.flip(0).argmax()]
    rising = (over.diff() >= 0).double().mean()
    return torch.stack([over.new_tensor(float(len(norms))), first, last, over.amax(), rising])
