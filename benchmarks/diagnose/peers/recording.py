"""What the peers' rules read: weights, gradients and outputs of modules at every so many steps.

The tools see modules, not calls, so that ``F.relu(x)`` is as invisible here as it is to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook
from torch.optim.optimizer import register_optimizer_step_pre_hook


@dataclass
class Look:
    """One step: tensors by layer, in the order of execution."""

    step: int
    gradients: dict[str, torch.Tensor] = field(default_factory=dict)  # of weights
    weights: dict[str, torch.Tensor] = field(default_factory=dict)
    outputs: dict[str, tuple[str, torch.Tensor, torch.Tensor]] = field(default_factory=dict)
    rate: float = 0.0


class Recording:
    """Looks at a training every `every` steps.

    Args:
        every: how often.
    """

    def __init__(self, every: int = 4) -> None:
        self.every, self.looks = every, []
        self.losses: list[float] = []
        self._step, self._now = 0, Look(0)
        self._handles = [
            register_module_forward_hook(self._output),
            register_optimizer_step_pre_hook(self._before_step),
        ]

    def stop(self) -> list[Look]:
        """End, and hand out the looks."""
        for handle in self._handles:
            handle.remove()
        return self.looks

    def _output(self, module: nn.Module, inputs: tuple, output: object) -> None:
        if self._step % self.every or not torch.is_grad_enabled():
            return
        if next(module.children(), None) is not None or not isinstance(output, torch.Tensor):
            return
        number = sum(1 for name in self._now.outputs) + 1
        given = inputs[0] if inputs and isinstance(inputs[0], torch.Tensor) else output
        name = type(module).__name__.lower()
        if output.is_floating_point():
            pair = (given.detach().clone().float(), output.detach().clone().float())
            self._now.outputs[f"{name}_{number}"] = (name, *pair)
        weight = getattr(module, "weight", None)
        if isinstance(weight, nn.Parameter) and weight.ndim > 1:
            weight._layer_name = f"{name}_{number}"  # type: ignore[attr-defined]

    def _before_step(self, optimizer, args, kwargs) -> None:
        if self._step % self.every == 0:
            for group in optimizer.param_groups:
                self._now.rate = group.get("lr", 0.0)
                for parameter in group["params"]:
                    gradient = parameter.grad
                    if parameter.ndim < 2 or gradient is None or gradient.is_sparse:
                        continue
                    name = getattr(parameter, "_layer_name", f"parameter_{len(self._now.weights)}")
                    self._now.gradients[name] = gradient.detach().clone().float()
                    self._now.weights[name] = parameter.detach().clone().float()
            self.looks.append(self._now)
        self._step += 1
        self._now = Look(self._step)
