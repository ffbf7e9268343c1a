"""The gradient that reaches an activation's output."""

from __future__ import annotations

import torch
from torch import Tensor

from nonlin.diagnosis.statistics import Run, Site


class Gradient:
    """Notes the gradient that reaches an activation's output, in back-propagation."""

    def __init__(self, run: Run, site: Site, step: int) -> None:
        self.run, self.site, self.step = run, site, step

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
        zeros = tiny = norm.new_tensor(float("nan"))
        if gradient.dtype.itemsize < 4:
            limit = torch.finfo(gradient.dtype).tiny
            zeros = (gradient == 0).float().mean()
            tiny = (gradient.abs() < limit).float().mean()
        self.site.gradient.add(self.step, torch.stack([norm, zeros, tiny]).float())
